// The loop with a microphone. While the user speaks the screen is read and prefilled; at the first short pause the
// words are recognised and decided on speculation, so that at the end of speech only acting is left. If speech goes on,
// the speculation is dropped.
#pragma once

#include "assistant/turn.h"
#include "assistant/voice.h"
#include "speech/endpoint.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace yanxing::assistant {

class Live {
public:
  struct Parts {
    Turn *turn = nullptr;
    speech::Recognizer *recognizer = nullptr; // the turn's own: hears the answers to questions
    std::unique_ptr<speech::Endpointer> endpointer;
    std::function<Result<screen::Sight>()> look;
    std::optional<Language> language;
    Voice *voice = nullptr;    // null: nothing is said aloud
    bool push_to_talk = false; // hears only while talk(true) holds
    // Where the speculation is ready and sure, this much silence ends the utterance; the endpointer's own otherwise.
    int sure_ms = 350;
    double sure_confidence = 0.8;
    int answer_ms = 8000;                             // how long a question waits for its yes or no
    std::function<void(const TurnReport &)> on_heard; // words and decision stand; acting begins
    std::function<void(const TurnReport &)> on_turn;  // acted, and the reply has begun to sound, or there is none
  };
  explicit Live(Parts parts);
  ~Live();

  // Feeds microphone samples (16 kHz mono). Never blocks on a model; turns are worked off on a thread of their own.
  void push(std::span<const float> samples);
  // Push-to-talk: the key is down, or up again. What was said ends with the key, without waiting for silence.
  void talk(bool down);
  // Asks aloud and waits for a yes or no, by voice or answer(). To be called by the turn (Turn::Parts::confirm) only.
  // Absent: no answer in time, or one that is neither; if that was a whole sentence, it becomes the next turn.
  std::optional<bool> confirm(const std::string &question);
  // Yes or no by key, while a question waits.
  void answer(bool yes);
  // Somebody speaks, or a turn is under way.
  [[nodiscard]] bool busy() const;
  // Waits until everything pushed so far has been worked off.
  void drain();

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "停", "别说了", "stop": nothing but the wish for silence, said into a reply.
bool wants_silence(const std::string &words);

} // namespace yanxing::assistant
