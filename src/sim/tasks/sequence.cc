// A user who goes on: one wish after the other.
#include "sim/task.h"

namespace yanxing::sim {
namespace {

std::optional<Task> draw(Drafter &drafter) {
  static const std::vector<std::string> kNext{"set_volume", "set_timer", "set_alarm",
                                              "turn_on",    "turn_off",  "set_curtain"};
  auto first = drafter.deed();
  auto second = drafter.deed(drafter.random.pick(kNext));
  if (!first || !second || first->action.name == second->action.name) {
    return std::nullopt;
  }
  auto after = second->said;
  auto said = drafter.polite(first->said);
  auto task = task_of(drafter, std::move(said), {std::move(*first)});
  Stage stage;
  stage.utterance = drafter.heard(drafter.polite(std::move(after)));
  stage.gold = {second->action};
  stage.goal = goal_of(task.stages[0].goal.accepted[0], {*second});
  task.stages.push_back(std::move(stage));
  return task;
}

} // namespace

TaskKind make_sequence_task_kind() { return {"sequence", 0.05, draw}; }

} // namespace yanxing::sim
