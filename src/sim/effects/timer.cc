// Timers, alarms and reminders; times are read by the product's own reader, seen from the simulated clock.
#include "sim/effect.h"
#include "text/when.h"

#include <algorithm>

namespace yanxing::sim {
namespace {

constexpr double kLongestWaitS = 366.0 * 24 * 3600;

Outcome perform_it(const Act &act) {
  const auto &arguments = act.action.arguments;
  const auto duration = arguments.value("duration", Json());
  std::optional<std::time_t> due;
  if (duration.is_number()) {
    const double seconds = duration.get<double>();
    if (seconds >= 1 && seconds <= kLongestWaitS) {
      due = act.desktop.now + static_cast<std::time_t>(seconds);
    }
  } else {
    due = text::resolve_time(string_or_empty(arguments, arguments.contains("when") ? "when" : "time"), act.desktop.now);
  }
  if (!due || *due <= act.desktop.now || static_cast<double>(*due - act.desktop.now) > kLongestWaitS) {
    return failed("the time is not understood");
  }
  const bool reminds = arguments.contains("text");
  Alarm alarm;
  alarm.kind = reminds ? "reminder" : duration.is_number() ? "timer" : "alarm";
  alarm.label = string_or_empty(arguments, reminds ? "text" : "label");
  alarm.due = *due;
  act.desktop.alarms.push_back(alarm);
  return done("set a " + alarm.kind, {{"kind", alarm.kind}, {"due", alarm.due}});
}

bool undo_it(Desktop &desktop, const Json &data) {
  const auto set = std::find_if(desktop.alarms.rbegin(), desktop.alarms.rend(), [&](const Alarm &alarm) {
    return alarm.kind == data["kind"] && alarm.due == data["due"].get<std::time_t>();
  });
  if (set == desktop.alarms.rend()) {
    return false;
  }
  desktop.alarms.erase(std::next(set).base());
  return true;
}

} // namespace

Effect make_timer_effect() { return {"builtin:timer", perform_it, undo_it}; }

} // namespace yanxing::sim
