// "Don't turn on the light": nothing is to be done.
#include "sim/task.h"

namespace yanxing::sim {
namespace {

std::optional<Task> draw(Drafter &drafter) {
  static const std::vector<std::string> kPlain{
      "set_volume", "set_brightness", "turn_on", "turn_off",        "open",
      "click",      "scroll",         "pause",   "take_screenshot", "set_temperature"};
  auto deed = drafter.deed(drafter.random.pick(kPlain));
  if (!deed) {
    return std::nullopt;
  }
  auto said = drafter.say("negation", {{"x", deed->said}});
  if (!said) {
    return std::nullopt;
  }
  auto task = task_of(drafter, std::move(*said), {});
  task.stages[0].goal = no_change(task.start);
  return task;
}

} // namespace

TaskKind make_negation_task_kind() { return {"negation", 0.07, draw}; }

} // namespace yanxing::sim
