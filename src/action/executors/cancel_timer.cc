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
    for (const auto &timer : timers) {
      if (auto removed = book.remove(timer.id); !removed) {
        return failed(hands, removed.error().message(), "没有取消。", "It was not cancelled.");
      }
    }
    return {OutcomeStatus::kDone, "cancelled " + std::to_string(timers.size()), "", nullptr};
  }
};

} // namespace

std::unique_ptr<Executor> make_cancel_timer_executor() { return std::make_unique<CancelTimer>(); }

} // namespace yanxing::action
