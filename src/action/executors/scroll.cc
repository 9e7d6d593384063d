#include "action/executor.h"

#include <algorithm>
#include <cstdint>

namespace yanxing::action {
namespace {

class Scroll final : public Executor {
public:
  [[nodiscard]] std::string_view name() const override { return "builtin:scroll"; }

  Outcome execute(const ActionSpec & /*spec*/, const Action &action, Hands &hands) override {
    if (hands.input == nullptr) {
      return failed(hands, "there is no desktop to scroll", "这里没有桌面可以滚动。", "There is no desktop to scroll.");
    }
    constexpr int kSteps = 5; // about half a page
    const auto direction = string_or_empty(action.arguments, "direction");
    const auto &amount = action.arguments.value("amount", Json(kSteps));
    constexpr int kMost = 50;
    const int wanted = amount.is_number_integer()
                           ? static_cast<int>(std::clamp<std::int64_t>(amount.get<std::int64_t>(), 1, kMost))
                           : kSteps;
    const int steps = direction == "up" ? -wanted : wanted;
    if (auto scrolled = hands.input->scroll(hands.screen->width / 2, hands.screen->height / 2, steps); !scrolled) {
      return failed(hands, scrolled.error().message(), "没有滚动。", "Scrolling did not work.");
    }
    return {OutcomeStatus::kDone, "scrolled " + direction, "", Json{{"steps", -steps}}};
  }

  Outcome undo(const Json &data, Hands &hands) override {
    if (hands.input == nullptr ||
        !hands.input->scroll(hands.screen->width / 2, hands.screen->height / 2, data.value("steps", 0))) {
      return failed(hands, "scrolling back did not work", "没有滚动回去。", "Scrolling back did not work.");
    }
    return {OutcomeStatus::kDone, "scrolled back", hands.language == Language::kChinese ? "已撤销。" : "Undone.",
            nullptr};
  }
};

} // namespace

std::unique_ptr<Executor> make_scroll_executor() { return std::make_unique<Scroll>(); }

} // namespace yanxing::action
