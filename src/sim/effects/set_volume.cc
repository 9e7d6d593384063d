#include "sim/effect.h"

#include <algorithm>

namespace yanxing::sim {
namespace {

Outcome perform_it(const Act &act) {
  const auto level = act.action.arguments.value("level", Json());
  if (!level.is_number()) {
    return failed("there is no level");
  }
  const int old = act.desktop.volume;
  act.desktop.volume = static_cast<int>(std::clamp(level.get<double>(), 0.0, 100.0));
  return done("volume " + std::to_string(act.desktop.volume) + " %", {{"level", old}});
}

bool undo_it(Desktop &desktop, const Json &data) {
  desktop.volume = data.value("level", desktop.volume);
  return true;
}

} // namespace

Effect make_set_volume_effect() { return {"builtin:set_volume", perform_it, undo_it}; }

} // namespace yanxing::sim
