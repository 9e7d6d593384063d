// Timer, alarm and reminder are one thing with three names: something to ring at a moment.
#include "action/executor.h"
#include "action/template.h"
#include "action/timers.h"
#include "text/when.h"

#include <array>

namespace yanxing::action {
namespace {

constexpr std::time_t kLongestWait = 366L * 24 * 3600;

// "18:30", "明天07:00", "tomorrow 07:00", "2027-01-02 07:00"
std::string clock_text(std::time_t moment, std::time_t now, bool zh) {
  std::tm then{};
  std::tm today{};
  std::tm tomorrow{};
  localtime_r(&moment, &then);
  localtime_r(&now, &today);
  tomorrow = today;
  ++tomorrow.tm_mday;
  tomorrow.tm_isdst = -1;
  std::mktime(&tomorrow);
  const auto same_day = [](const std::tm &a, const std::tm &b) {
    return a.tm_year == b.tm_year && a.tm_yday == b.tm_yday;
  };
  std::array<char, 40> text{};
  if (!same_day(then, today) && !same_day(then, tomorrow)) {
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &then);
    return text.data();
  }
  std::strftime(text.data(), text.size(), "%H:%M", &then);
  if (same_day(then, tomorrow)) {
    return (zh ? "明天" : "tomorrow ") + std::string(text.data());
  }
  return text.data();
}

std::optional<std::time_t> due_of(const Json &arguments, std::time_t now) {
  const auto duration = arguments.value("duration", Json());
  if (duration.is_number()) {
    const double seconds = duration.get<double>();
    return seconds >= 1 && seconds <= static_cast<double>(kLongestWait)
               ? std::optional(now + static_cast<std::time_t>(seconds))
               : std::nullopt;
  }
  const auto due = text::resolve_time(string_or_empty(arguments, arguments.contains("when") ? "when" : "time"), now);
  return due && *due > now && *due <= now + kLongestWait ? due : std::nullopt;
}

class TimerExecutor final : public Executor {
public:
  [[nodiscard]] std::string_view name() const override { return "builtin:timer"; }

  Outcome execute(const ActionSpec &spec, const Action &action, Hands &hands) override {
    const bool zh = hands.language == Language::kChinese;
    const auto now = std::time(nullptr);
    const auto due = due_of(action.arguments, now);
    if (!due) {
      return failed(hands, "the time was not understood, or lies behind us or more than a year ahead",
                    "我没有听懂时间。", "I didn't understand the time.");
    }
    auto label = argument_text(action.arguments.value("text", Json("")));
    label = label.empty() ? argument_text(action.arguments.value("label", Json(""))) : label;
    const auto kind = spec.name.find("remind") != std::string::npos  ? "reminder"
                      : spec.name.find("alarm") != std::string::npos ? "alarm"
                                                                     : "timer";
    const auto timer = TimerBook(hands.state).add(kind, label, *due);
    if (!timer) {
      return failed(hands, timer.error().message(), "没有记下来。", "It could not be kept.");
    }
    if (auto ringer = ensure_ringer(hands.state); !ringer) {
      return failed(hands, ringer.error().message(), "记下来了，但是到时不会响。",
                    "It is kept, but nothing will ring.");
    }
    const auto when = clock_text(*due, now, zh);
    return {OutcomeStatus::kDone, timer->id + " rings at " + when,
            kind == std::string("timer") ? ""
            : zh ? "好的，" + when + (label.empty() ? "叫您。" : "提醒您" + label + "。")
                 : "Okay, at " + when + (label.empty() ? "." : ": " + label + "."),
            Json{{"id", timer->id}, {"due", timer->due}}};
  }

  Outcome undo(const Json &data, Hands &hands) override {
    if (auto removed = TimerBook(hands.state).remove(string_or_empty(data, "id"), data.value("due", std::time_t{0}));
        !removed) {
      return failed(hands, removed.error().message(), "它已经不在了。", "It is not there any more.");
    }
    return {OutcomeStatus::kDone, "cancelled " + string_or_empty(data, "id"),
            hands.language == Language::kChinese ? "已取消。" : "Cancelled.", nullptr};
  }
};

} // namespace

std::unique_ptr<Executor> make_timer_executor() { return std::make_unique<TimerExecutor>(); }

} // namespace yanxing::action
