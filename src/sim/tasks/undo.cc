// Something was done, and is to be taken back.
#include "sim/task.h"

namespace yanxing::sim {
namespace {

std::optional<Task> draw(Drafter &drafter) {
  static const std::vector<std::string> kReversible{"share",     "set_volume",   "set_brightness",  "set_timer",
                                                    "set_alarm", "type_text",    "turn_on",         "turn_off",
                                                    "scroll",    "cancel_timer", "take_screenshot", "set_curtain"};
  auto first = drafter.deed(drafter.random.pick(kReversible));
  auto said = drafter.say("undo");
  if (!first || !said || !drafter.knows("undo")) {
    return std::nullopt;
  }
  Task task;
  task.language = drafter.language;
  task.history.push_back({drafter.heard(first->said, true), dump(to_json(first->action))});
  Stage stage;
  stage.goal.accepted.push_back(drafter.desktop);
  if (!drafter.happen(first->action)) {
    return std::nullopt;
  }
  task.start = drafter.desktop;
  stage.utterance = drafter.heard(drafter.polite(std::move(*said)));
  stage.gold = {{"undo", Json::object(), ""}};
  task.stages.push_back(std::move(stage));
  return task;
}

} // namespace

TaskKind make_undo_task_kind() { return {"undo", 0.05, draw}; }

} // namespace yanxing::sim
