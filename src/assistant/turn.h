// One turn: words in, action done, reply out. The stages are the rooms; this only puts them in order and times them.
#pragma once

#include "action/executor.h"
#include "action/policy.h"
#include "action/registry.h"
#include "assistant/mind.h"
#include "audio/clip.h"
#include "screen/look.h"
#include "speech/recognizer.h"
#include "text/repair.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::assistant {

// Asks the user and waits for yes or no; empty where no answer came. Absent: nothing risky runs.
using Confirmer = std::function<std::optional<bool>(const std::string &question)>;

struct TurnReport {
  std::string heard;      // as recognised
  std::string transcript; // after repair
  std::vector<text::Repair> repairs;
  Screen screen;
  Decision decision;
  std::vector<text::PastTurn> history; // that the decision saw
  std::vector<std::string> policy;     // one word on each action
  std::optional<bool> answer;          // what the user said to the question that was asked last
  action::Outcome outcome;
  std::string reply;
  Language language = Language::kEnglish;
  std::string marked;                       // id of the element acted on, for the annotated picture
  std::map<std::string, double> timings_ms; // endpoint, asr, see, prefill, decode, act, first_audio, total
  audio::Clip sound;                        // what was heard, where Parts::keep_sound says so
};

Json to_json(const TurnReport &report);

// Writes what a stage found as soon as it is known ("heard", "saw", "decided", "policy", "did", "said").
using Narrator = std::function<void(const std::string &stage, const std::string &text)>;

class Turn {
public:
  struct Parts {
    Mind *mind = nullptr;
    speech::Recognizer *recognizer = nullptr; // null: text only
    const text::Repairer *repairer = nullptr; // null: nothing is repaired
    const action::Registry *registry = nullptr;
    std::vector<Contact> contacts;
    action::Operator *hand = nullptr; // null: dry run
    action::Hands hands;              // screen, picture, widgets, contacts are filled in here
    Confirmer confirm;
    Narrator narrate;
    bool keep_sound = false;
  };
  explicit Turn(Parts parts) : parts_(std::move(parts)) {}

  // Sets what is on the screen and computes what does not depend on the words. Called when speech starts.
  Status see(screen::Sight sight, double see_ms, const std::stop_token &stop = {});
  // Speech → words, repaired. Fills heard, transcript, repairs of the report.
  Status hear(const audio::Clip &clip, std::optional<Language> language);
  void read(const std::string &text); // words that were typed
  Status decide();
  // Policy, execution, reply. Keeps the turn for follow-ups.
  Status act();

  [[nodiscard]] TurnReport &report() { return report_; }
  void remember(std::vector<text::PastTurn> history) { history_ = std::move(history); } // turns taken elsewhere
  void begin(); // a new report; history and screen stay

private:
  [[nodiscard]] text::TurnContext context() const;
  [[nodiscard]] std::vector<text::KnownWord> known_words() const;
  action::Outcome act_on(const Action &action);
  void tell(const std::string &stage, const std::string &text) const;

  Parts parts_;
  screen::Sight sight_;
  std::vector<text::PastTurn> history_;
  TurnReport report_;
};

} // namespace yanxing::assistant
