// The user says no when asked "really?": then nothing happens, and to have asked was right.
#include "sim/task.h"

namespace yanxing::sim {
namespace {

std::optional<Task> draw(Drafter &drafter) {
  auto deed = drafter.deed(drafter.random.chance(0.7) ? "share" : "unlock");
  if (!deed) {
    return std::nullopt;
  }
  auto said = drafter.polite(deed->said);
  auto task = task_of(drafter, std::move(said), {std::move(*deed)});
  task.stages[0].consents = false;
  task.stages[0].goal.accepted = {task.start};
  return task;
}

} // namespace

TaskKind make_second_thoughts_task_kind() { return {"second_thoughts", 0.03, draw}; }

} // namespace yanxing::sim
