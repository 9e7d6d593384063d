// "Send it to Anna, no, to John": one mail, to the second.
#include "action/policy.h"
#include "sim/task.h"

namespace yanxing::sim {
namespace {

std::optional<Task> draw(Drafter &drafter) {
  auto parcel = drafter.parcel();
  const auto &people = drafter.desktop.contacts;
  if (!parcel || !drafter.knows("share")) {
    return std::nullopt;
  }
  const auto &wrong = drafter.random.pick(people);
  const auto &right = drafter.random.pick(people);
  const auto meant = action::match_contacts(right.name, people);
  if (wrong.email == right.email || meant.size() != 1) {
    return std::nullopt;
  }
  const auto said = drafter.say(
      "correction", {{"target", parcel->said}, {"other", drafter.person(wrong)}, {"recipient", drafter.person(right)}});
  if (!said) {
    return std::nullopt;
  }
  auto mail = parcel->mail;
  mail.to = right.email;
  return task_of(
      drafter, *said,
      {{*said, {"share", {{"target", parcel->target}, {"recipient", right.name}}, ""}, [mail](Desktop &desktop) {
          desktop.outbox.push_back(mail);
          desktop.outbox.back().queued = desktop.mail_down;
        }}});
}

} // namespace

TaskKind make_correction_task_kind() { return {"correction", 0.06, draw}; }

} // namespace yanxing::sim
