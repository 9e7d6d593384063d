// Two requests in one sentence: both, in order.
#include "sim/task.h"

namespace yanxing::sim {
namespace {

bool together(const Deed &first, const Deed &second) {
  const auto is = [](const Deed &deed, const char *name) { return deed.action.name == name; };
  // What is typed changes what would be sent; what is opened lies before what would be pressed.
  return !first.first_only && first.action.name != second.action.name &&
         !(is(first, "type_text") && is(second, "share")) && !(is(first, "share") && is(second, "type_text"));
}

std::optional<Task> draw(Drafter &drafter) {
  auto first = drafter.deed();
  auto second = drafter.deed();
  if (!first || !second || !together(*first, *second)) {
    return std::nullopt;
  }
  auto said = drafter.say("joint", {{"x", first->said}, {"y", second->said}});
  return said ? std::optional(task_of(drafter, std::move(*said), {std::move(*first), std::move(*second)}))
              : std::nullopt;
}

} // namespace

TaskKind make_compound_task_kind() { return {"compound", 0.10, draw}; }

} // namespace yanxing::sim
