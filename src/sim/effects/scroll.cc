#include "sim/effect.h"

#include <algorithm>

namespace yanxing::sim {
namespace {

Outcome perform_it(const Act &act) {
  auto *window = act.desktop.front();
  if (window == nullptr) {
    return failed("there is no window to scroll");
  }
  constexpr std::int64_t kSteps = 5; // as the real one
  constexpr std::int64_t kMost = 50;
  const auto amount = act.action.arguments.value("amount", Json(kSteps));
  const auto wanted =
      amount.is_number_integer() ? std::clamp<std::int64_t>(amount.get<std::int64_t>(), 1, kMost) : kSteps;
  const bool up = string_or_empty(act.action.arguments, "direction") == "up";
  const int steps = static_cast<int>(up ? -wanted : wanted);
  window->scroll += steps;
  return done("scrolled", {{"steps", -steps}});
}

bool undo_it(Desktop &desktop, const Json &data) {
  auto *window = desktop.front();
  if (window != nullptr) {
    window->scroll += data.value("steps", 0);
  }
  return window != nullptr;
}

} // namespace

Effect make_scroll_effect() { return {"builtin:scroll", perform_it, undo_it}; }

} // namespace yanxing::sim
