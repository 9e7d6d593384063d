// Turns of the page on this machine's desktop: it looks, proposes what to do, and does it when the user has said yes.
// One at a time: a new look, or a new proposal, takes the place of the last, whose widgets may be gone. Thread-safe.
#pragma once

#include "assistant/turn.h"
#include "server/action_shelf.h"
#include "server/service.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::server {

class Operation {
public:
  Operation(Service &service, ActionShelf &shelf) : service_(service), shelf_(shelf) {}

  // {display, accessibility, why}: what of this machine's desktop can be used.
  Json state();
  // Captures the desktop: {look, screen}. Without a display: a screen without elements, and `why`.
  Result<Json> look();
  // The picture of that look as PNG.
  Result<std::string> picture(const std::string &look);
  // Computes what does not depend on the words, while the user still talks.
  Status prepare(const std::string &look);
  // {"utterance", "look"?, "lang"?} → /v1/decide's answer, the proposal's id, what it `needs`: nothing, run, yes,
  // answer (a question is open), refused; and each action's risk. Nothing is done yet.
  Result<Json> propose(const Json &body);
  // {"proposal", "yes": true, "action"?}: does it. `action`: as the user has changed it. Where a yes is needed and was
  // not given, the outcome is "asked". A proposal is done once.
  Result<Json> act(const Json &body);
  Result<Json> undo(Language language);
  // What was done through the page, the latest first; kept in the state folder.
  Json journal();
  Status forget_journal();

private:
  struct Look {
    std::string id;
    screen::Sight sight;
  };
  struct Proposal {
    std::string id;
    std::string look;
    Decision decision;
    std::string transcript;
    Language language = Language::kEnglish;
    std::vector<text::PastTurn> history; // that the decision saw
  };

  void open_desktop();
  Result<std::unique_lock<std::timed_mutex>> turn();
  // What the user has to do before anything is done, and what is said meanwhile.
  struct Wait {
    std::string needs;
    std::string says;
  };
  [[nodiscard]] Wait wait_of(const assistant::TurnReport &report, const action::Registry &registry) const;
  action::Hands hands();
  void write_down(const Json &entry);

  Service &service_;
  ActionShelf &shelf_;
  std::timed_mutex mutex_; // of all below; held while a turn is worked on
  bool opened_ = false;
  std::unique_ptr<os::Display> display_;
  std::unique_ptr<os::Input> input_;
  std::unique_ptr<os::Accessibility> accessibility_;
  std::string why_; // there is no display
  std::optional<Look> look_;
  std::optional<Proposal> proposal_;
  std::vector<text::PastTurn> history_;
  action::Operator hand_;
};

} // namespace yanxing::server
