// Small talk, and wishes that no action of the registry fulfils.
#include "sim/task.h"

namespace yanxing::sim {
namespace {

std::optional<Task> draw(Drafter &drafter) {
  const bool chat = drafter.random.chance(0.5);
  auto said = drafter.say(chat ? "chat" : "foreign");
  if (!said) {
    return std::nullopt;
  }
  auto task = task_of(drafter, chat ? std::move(*said) : drafter.polite(std::move(*said)), {});
  task.stages[0].goal = no_change(task.start);
  return task;
}

} // namespace

TaskKind make_nothing_task_kind() { return {"nothing", 0.08, draw}; }

} // namespace yanxing::sim
