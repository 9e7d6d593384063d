// "The bedroom light too", after something was done with another device.
#include "sim/task.h"

namespace yanxing::sim {
namespace {

std::optional<Task> draw(Drafter &drafter) {
  const std::string name = drafter.random.chance(0.5) ? "turn_off" : "turn_on";
  auto first = drafter.deed(name);
  auto second = drafter.deed(name);
  if (!first || !second || first->action.arguments == second->action.arguments) {
    return std::nullopt;
  }
  auto said = drafter.say("ellipsis", {{"device", known(string_or_empty(second->action.arguments, "device"))}});
  if (!said) {
    return std::nullopt;
  }
  const auto earlier = drafter.heard(first->said, true);
  const auto decision = dump(to_json(first->action));
  if (!drafter.happen(first->action)) {
    return std::nullopt;
  }
  auto task = task_of(drafter, std::move(*said), {std::move(*second)});
  task.history.push_back({earlier, decision});
  return task;
}

} // namespace

TaskKind make_ellipsis_task_kind() { return {"ellipsis", 0.05, draw}; }

} // namespace yanxing::sim
