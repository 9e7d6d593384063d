// A mail with the table's own cells, the text, or the picture; it waits in the outbox while the server is away.
#include "action/policy.h"
#include "sim/effect.h"

#include <algorithm>

namespace yanxing::sim {
namespace {

Outcome perform_it(const Act &act) {
  const auto id = string_or_empty(act.action.arguments, "target");
  const auto people = action::match_contacts(string_or_empty(act.action.arguments, "recipient"), act.desktop.contacts);
  if (people.size() != 1 || people[0].email.empty()) {
    return failed("the recipient has no mail address");
  }
  Mail mail;
  mail.to = people[0].email;
  mail.queued = act.desktop.mail_down;
  const auto *element = act.view.screen.find(id);
  const auto *item = act.item(id);
  if (element == nullptr || (item == nullptr && element->kind != "window")) {
    return failed("it is not on the screen any more");
  }
  mail.subject = element->name;
  if (id == kSelectionId) {
    mail.text = item->selection;
  } else if (item != nullptr && !item->cells.empty()) {
    mail.cells = item->cells;
  } else if (item != nullptr && (item->kind == "document" || item->kind == "field") && !item->text.empty()) {
    mail.text = item->text;
  } else {
    mail.picture = element->name;
  }
  act.desktop.outbox.push_back(mail);
  return {mail.queued ? OutcomeStatus::kQueued : OutcomeStatus::kDone,
          "mailed " + mail.subject + " to " + mail.to,
          "",
          {{"to", mail.to}, {"subject", mail.subject}}};
}

bool undo_it(Desktop &desktop, const Json &data) {
  const auto sent = std::find_if(desktop.outbox.rbegin(), desktop.outbox.rend(), [&](const Mail &mail) {
    return mail.to == data["to"] && mail.subject == data["subject"];
  });
  if (sent == desktop.outbox.rend()) {
    return false;
  }
  desktop.outbox.erase(std::next(sent).base());
  return true;
}

} // namespace

Effect make_share_effect() { return {"builtin:share", perform_it, undo_it}; }

} // namespace yanxing::sim
