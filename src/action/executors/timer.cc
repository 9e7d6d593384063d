// Timer, alarm and reminder are one thing with three names: something to ring at a moment.
#include "action/executor.h"
#include "action/timers.h"
#include "text/when.h"

#include <array>

namespace yanxing::action {
namespace {

std::string clock_text(std::time_t moment) {
  std::tm local{};
  localtime_r(&moment, &local);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%H:%M", &local);
  return text.data();
}

class TimerExecutor final : public Executor {
public:
  [[nodiscard]] std::string_view name() const override { return "builtin:timer"; }

  Outcome execute(const ActionSpec &spec, const Action &action, Hands &hands) override {
    const bool zh = hands.language == Language::kChinese;
    const auto now = std::time(nullptr);
    std::optional<std::time_t> due;
    if (action.arguments.contains("duration") && action.arguments["duration"].is_number()) {
      due = now + action.arguments["duration"].get<long>();
    } else {
      due = text::resolve_time(string_or_empty(action.arguments, action.arguments.contains("when") ? "when" : "time"), now);
    }
    if (!due || *due <= now) {
      return failed(hands, "the time was not understood", "我没有听懂时间。", "I didn't understand the time.");
    }
    auto label = string_or_empty(action.arguments, "text");
    label = label.empty() ? string_or_empty(action.arguments, "label") : label;
    const auto kind = spec.name.find("remind") != std::string::npos  ? "reminder"
                      : spec.name.find("alarm") != std::string::npos ? "alarm"
                                                                     : "timer";
    const auto timer = TimerBook(hands.state).add(kind, label, *due);
    if (!timer) {
      return failed(hands, timer.error().message(), "没有记下来。", "It could not be kept.");
    }
    if (auto ringer = ensure_ringer(hands.state); !ringer) {
      return failed(hands, ringer.error().message(), "记下来了，但是到时不会响。", "It is kept, but nothing will ring.");
    }
    const auto when = clock_text(*due);
    return {OutcomeStatus::kDone, timer->id + " rings at " + when,
            kind == std::string("timer") ? "" : zh ? "好的，" + when + (label.empty() ? "叫您。" : "提醒您" + label + "。")
                                                   : "Okay, at " + when + (label.empty() ? "." : ": " + label + "."),
            Json{{"id", timer->id}}};
  }

  Outcome undo(const Json &data, Hands &hands) override {
    if (auto removed = TimerBook(hands.state).remove(string_or_empty(data, "id")); !removed) {
      return failed(hands, removed.error().message(), "没有取消。", "It was not cancelled.");
    }
    return {OutcomeStatus::kDone, "cancelled " + string_or_empty(data, "id"), hands.language == Language::kChinese ? "已取消。" : "Cancelled.", nullptr};
  }
};

} // namespace

std::unique_ptr<Executor> make_timer_executor() { return std::make_unique<TimerExecutor>(); }

} // namespace yanxing::action
