#include "action/executor.h"
#include "action/timers.h"

namespace yanxing::action {
namespace {

class CancelTimer final : public Executor {
public:
  [[nodiscard]] std::string_view name() const override { return "builtin:cancel_timer"; }

  Outcome execute(const ActionSpec & /*spec*/, const Action & /*action*/, Hands &hands) override {
    TimerBook book(hands.state);
    const auto timers = book.all();
    const bool zh = hands.language == Language::kChinese;
    if (timers.empty()) {
      return {OutcomeStatus::kDone, "there was no timer", zh ? "没有定时器。" : "There is no timer.", nullptr};
    }
    Json undo = Json::array();
    for (const auto &timer : timers) {
      undo.push_back({{"kind", timer.kind}, {"label", timer.label}, {"due", timer.due}});
      if (auto removed = book.remove(timer.id); !removed) {
        return failed(hands, removed.error().message(), "没有取消。", "It was not cancelled.");
      }
    }
    return {OutcomeStatus::kDone, "cancelled " + std::to_string(timers.size()), "", undo};
  }

  Outcome undo(const Json &data, Hands &hands) override {
    TimerBook book(hands.state);
    for (const auto &timer : data) {
      if (auto added = book.add(string_or_empty(timer, "kind"), string_or_empty(timer, "label"),
                                timer.value("due", std::time_t{0}));
          !added) {
        return failed(hands, added.error().message(), "没有恢复。", "They could not be set again.");
      }
    }
    if (auto ringer = ensure_ringer(hands.state); !ringer) {
      return failed(hands, ringer.error().message(), "恢复了，但是到时不会响。",
                    "They are set again, but nothing will ring.");
    }
    return {OutcomeStatus::kDone, "set again: " + std::to_string(data.size()),
            hands.language == Language::kChinese ? "已经恢复。" : "They are set again.", nullptr};
  }
};

} // namespace

std::unique_ptr<Executor> make_cancel_timer_executor() { return std::make_unique<CancelTimer>(); }

} // namespace yanxing::action
