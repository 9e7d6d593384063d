// Deciding for a request: words and what is on its screen → the action, as 'yanxing decide' does. Nothing is done.
#pragma once

#include "assistant/turn.h"
#include "audio/clip.h"
#include "server/service.h"

#include <optional>
#include <string>
#include <vector>

namespace yanxing::server {

struct Question {
  std::string utterance;                        // or
  std::optional<audio::Clip> sound;             // the words as they were spoken
  std::optional<Language> language;             // of the sound
  std::optional<Screen> screen;                 // or
  std::optional<Picture> picture;               // of it, which is then read
  std::optional<action::Registry> actions;      // absent: the server's
  std::optional<std::vector<Contact>> contacts; // absent: the server's
  std::vector<text::PastTurn> history;
  bool repair = true; // put right what sounds like a known word
};

// Transcript, decision, confidence, tier, what the policy says of it, reply (TurnReport).
Result<assistant::TurnReport> decide(Service &service, Question question);

// The words of a sound, put right as a turn would. Null: the server's actions and contacts; no screen.
Result<std::string> hear(Service &service, const audio::Clip &clip, std::optional<Language> language,
                         const action::Registry *actions, const Screen *screen, const std::vector<Contact> *contacts);

// The elements of a picture that a request carries or names.
Result<Screen> see(Service &service, const std::string &picture);

// The report as /v1/decide answers it: DESIGN's shapes, whether acting pays, and the target's box.
Json decision_json(const Service &service, const assistant::TurnReport &report, bool with_screen);

} // namespace yanxing::server
