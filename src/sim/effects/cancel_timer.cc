#include "sim/effect.h"

namespace yanxing::sim {
namespace {

Outcome perform_it(const Act &act) {
  if (act.desktop.alarms.empty()) {
    return done("there was no timer");
  }
  Json undo = Json::array();
  for (const auto &alarm : act.desktop.alarms) {
    undo.push_back({{"kind", alarm.kind}, {"label", alarm.label}, {"due", alarm.due}});
  }
  act.desktop.alarms.clear();
  return done("cancelled " + std::to_string(undo.size()), std::move(undo));
}

bool undo_it(Desktop &desktop, const Json &data) {
  for (const auto &alarm : data) {
    desktop.alarms.push_back(
        {string_or_empty(alarm, "kind"), string_or_empty(alarm, "label"), alarm["due"].get<std::time_t>()});
  }
  return true;
}

} // namespace

Effect make_cancel_timer_effect() { return {"builtin:cancel_timer", perform_it, undo_it}; }

} // namespace yanxing::sim
