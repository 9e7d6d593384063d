// May this action run? Deny by default: no confirmer, no risky action.
#pragma once

#include "base/shapes.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::action {

enum class Verdict { kRun, kAsk, kClarify, kRefuse };

struct Judgement {
  Verdict verdict = Verdict::kRefuse;
  std::string question;             // for kAsk and kClarify, in the user's language
  std::string reason;               // one line for the log ("policy: …")
  std::vector<std::string> options; // kClarify: the values to choose from
  std::string parameter;            // kClarify: whose value is in question
};

// `spec` null: the action is not in the registry → kRefuse. Risk forbidden → kRefuse; confirm → kAsk. A contact
// argument that matches nobody, or several people, → kClarify. A required argument that is missing → kClarify.
// Arguments that break the schema → kRefuse.
Judgement judge(const ActionSpec *spec, const Action &action, const Screen &screen,
                const std::vector<Contact> &contacts, Language language);

// The contacts a spoken name may mean: an exact name or alias (李经理 → 李建国 where his entry says 经理), else a given
// name alone, else a name with something around it. Several results: ambiguous. Sounds are the repairer's business.
std::vector<Contact> match_contacts(const std::string &spoken, const std::vector<Contact> &contacts);

// yes / no / neither, in zh and en ("好的", "发吧", "别发", "no wait"). Whatever is more than a plain yes is neither.
std::optional<bool> heard_yes(const std::string &answer);

} // namespace yanxing::action
