// One request, one action.
#include "sim/task.h"

namespace yanxing::sim {
namespace {

std::optional<Task> draw(Drafter &drafter) {
  auto deed = drafter.deed();
  if (!deed) {
    return std::nullopt;
  }
  auto said = drafter.polite(deed->said);
  return task_of(drafter, std::move(said), {std::move(*deed)});
}

} // namespace

TaskKind make_single_task_kind() { return {"single", 0.40, draw}; }

} // namespace yanxing::sim
