// What a simulated user wants, says and answers, and when it is reached. A kind of task is a file in tasks/.
#pragma once

#include "action/registry.h"
#include "sim/noise.h"
#include "sim/view.h"
#include "text/prompt.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace yanxing::sim {

// Reached on the state, never on the words: the desktop is one of these.
struct Goal {
  std::vector<Desktop> accepted;
  bool still = false; // and no action may have run at all
};

struct Stage { // one wish; a task has several where the user goes on
  std::string utterance;
  std::vector<Action> gold; // the right decision; empty: nothing is to be done
  Goal goal;
  // What is said when the assistant asks back (or the policy does), and what is right then. Absent: the user says the
  // same again.
  struct Answer {
    std::string utterance;
    std::vector<Action> gold;
  };
  std::optional<Answer> answer;
  bool must_ask = false; // without a question nobody can know
  bool consents = true;  // the answer to "really?" about what was meant
};

struct Task {
  std::string kind;
  Language language = Language::kEnglish;
  Desktop start;
  std::vector<text::PastTurn> history; // oldest first
  std::vector<Stage> stages;           // at least one
};

enum class Split { kTrain, kTest }; // of phrasings: no sentence pattern is in both

// One request: what is said, the call that is right, and how the state is to change.
struct Deed {
  Said said;
  Action action;
  std::function<void(Desktop &)> change;
  bool first_only = false; // must not come before others in one sentence (it changes what is in front)
};

// Everything that drawing a task needs.
class Drafter {
public:
  Drafter(const Knowledge &knowledge, const std::vector<ActionSpec> &actions, Language language, Split split,
          const Noise &noise, double heard_wrong, Random &random);

  using Fills = std::vector<std::pair<std::string, Said>>; // slot → what stands there
  // One of the split's patterns under `key`; nothing where a slot has no filling in any of them.
  std::optional<Said> say(const std::string &key, const Fills &fills = {});
  Said polite(Said said);                           // at times with something around it
  std::string heard(Said said, bool clear = false); // as the recogniser or a keyboard gives it; `clear`: without noise

  // A deed that changes the state. `which`: only this action.
  std::optional<Deed> deed(const std::string &which = "");
  [[nodiscard]] bool knows(const std::string &action) const;
  // Has done it before the task begins: the desktop, its journal and what is seen change. False where it fails.
  bool happen(const Action &action);

  // What can be sent, with how it is called and its mail; nothing where the front window holds none.
  struct Parcel {
    Said said;
    std::string target;
    Mail mail; // without the recipient
  };
  std::optional<Parcel> parcel();
  Said person(const Contact &contact); // the full name
  // A point in time: what is said (and copied), and when it is.
  std::pair<std::string, std::time_t> moment();

  const Knowledge &knowledge;
  Language language;
  Random &random;
  Desktop desktop; // the start; may still be changed
  View view;       // of it
  [[nodiscard]] bool zh() const { return language == Language::kChinese; }

private:
  const std::vector<ActionSpec> &actions_;
  const Phrases &phrases_;
  const Noise &noise_;
  double heard_wrong_;
  World language_only_;
  Speaker speaker_;
};

struct TaskKind {
  std::string name;
  double share = 1; // how often, against others
  std::optional<Task> (*draw)(Drafter &drafter) = nullptr;
};
const std::vector<TaskKind> &task_kinds();

// Deeds by the action they are for (deeds_*.cc).
using DeedDrawer = std::optional<Deed> (*)(Drafter &drafter);
const std::vector<std::pair<std::string, DeedDrawer>> &deed_drawers();

// Parts that the kinds share.
Said known(const std::string &text);  // a name: may be heard wrong
Said copied(const std::string &text); // must stay as it is
Task task_of(Drafter &drafter, Said said, std::vector<Deed> deeds);
Goal goal_of(const Desktop &start, const std::vector<Deed> &deeds);
Goal no_change(const Desktop &start); // and nothing is done

} // namespace yanxing::sim
