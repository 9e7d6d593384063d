// "Set an alarm": when, has to be asked.
#include "sim/task.h"

namespace yanxing::sim {
namespace {

std::optional<Task> draw(Drafter &drafter) {
  auto said = drafter.say("set_alarm_bare");
  const auto [phrase, due] = drafter.moment();
  auto answer = drafter.say("time_answer", {{"time", copied(phrase)}});
  if (!said || !answer || !drafter.knows("set_alarm")) {
    return std::nullopt;
  }
  Deed deed{*said, {"set_alarm", Json::object(), ""}, [due = due](Desktop &desktop) {
              desktop.alarms.push_back({"alarm", "", due});
            }};
  auto task = task_of(drafter, drafter.polite(*said), {std::move(deed)});
  auto &stage = task.stages[0];
  stage.must_ask = true;
  stage.answer = Stage::Answer{drafter.heard(*answer, true), {{"set_alarm", {{"time", phrase}}, ""}}};
  return task;
}

} // namespace

TaskKind make_missing_time_task_kind() { return {"missing_time", 0.04, draw}; }

} // namespace yanxing::sim
