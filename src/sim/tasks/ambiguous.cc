// A name that several people have, or nobody: who is meant has to be asked.
#include "action/policy.h"
#include "sim/task.h"

#include <algorithm>

namespace yanxing::sim {
namespace {

// "Anna" of two Annas; 小李 where several are called 李.
std::string vague_name(const Contact &contact, bool zh, Random &random) {
  if (!zh) {
    return contact.name.substr(0, contact.name.find(' '));
  }
  const auto surname = contact.name.substr(0, 3);
  return random.chance(0.5) ? "小" + surname : surname + "总";
}

std::optional<Task> draw(Drafter &drafter) {
  auto parcel = drafter.parcel();
  if (!parcel || !drafter.knows("share")) {
    return std::nullopt;
  }
  const auto &people = drafter.desktop.contacts;
  const auto &right = drafter.random.pick(people);
  const auto vague = vague_name(right, drafter.zh(), drafter.random);
  const auto alike = std::count_if(people.begin(), people.end(), [&](const Contact &contact) {
    return vague_name(contact, drafter.zh(), drafter.random).substr(0, 6) == vague.substr(0, 6) ||
           (drafter.zh() && contact.name.substr(0, 3) == right.name.substr(0, 3));
  });
  if (action::match_contacts(vague, people).size() == 1 || alike < 2 ||
      action::match_contacts(right.name, people).size() != 1) {
    return std::nullopt;
  }
  auto said = drafter.say("share", {{"target", parcel->said}, {"recipient", copied(vague)}});
  auto answer = drafter.say("person_answer", {{"recipient", copied(right.name)}});
  if (!said || !answer) {
    return std::nullopt;
  }
  auto mail = parcel->mail;
  mail.to = right.email;
  Deed deed{*said, {"share", {{"target", parcel->target}, {"recipient", vague}}, ""}, [mail](Desktop &desktop) {
              desktop.outbox.push_back(mail);
              desktop.outbox.back().queued = desktop.mail_down;
            }};
  auto task = task_of(drafter, *said, {std::move(deed)});
  auto &stage = task.stages[0];
  stage.must_ask = true;
  stage.answer = Stage::Answer{drafter.heard(*answer, true), stage.gold};
  stage.answer->gold[0].arguments["recipient"] = right.name;
  return task;
}

} // namespace

TaskKind make_ambiguous_task_kind() { return {"ambiguous", 0.06, draw}; }

} // namespace yanxing::sim
