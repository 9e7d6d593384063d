// It was sent to the wrong one: "no, to Anna". Taking the first mail back before is as good.
#include "action/policy.h"
#include "sim/task.h"

namespace yanxing::sim {
namespace {

std::optional<Task> draw(Drafter &drafter) {
  auto first = drafter.deed("share");
  if (!first) {
    return std::nullopt;
  }
  const auto &people = drafter.desktop.contacts;
  const auto &right = drafter.random.pick(people);
  const auto meant = action::match_contacts(right.name, people);
  const auto wrong = action::match_contacts(string_or_empty(first->action.arguments, "recipient"), people);
  auto said = drafter.say("follow", {{"recipient", drafter.person(right)}});
  if (!said || meant.size() != 1 || wrong.size() != 1 || wrong[0].email == right.email) {
    return std::nullopt;
  }
  Task task;
  task.language = drafter.language;
  task.history.push_back({drafter.heard(first->said, true), dump(to_json(first->action))});
  auto unsent = drafter.desktop;
  if (!drafter.happen(first->action)) {
    return std::nullopt;
  }
  task.start = drafter.desktop;
  auto mail = task.start.outbox.back();
  mail.to = right.email;
  Stage stage;
  stage.utterance = drafter.heard(*said);
  stage.gold = {first->action};
  stage.gold[0].arguments["recipient"] = right.name;
  stage.goal.accepted = {task.start, std::move(unsent)};
  for (auto &state : stage.goal.accepted) {
    state.outbox.push_back(mail);
  }
  task.stages.push_back(std::move(stage));
  return task;
}

} // namespace

TaskKind make_follow_up_task_kind() { return {"follow_up", 0.06, draw}; }

} // namespace yanxing::sim
