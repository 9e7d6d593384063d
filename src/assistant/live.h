// The loop with a microphone. While the user speaks the screen is read and prefilled; at the first short pause the
// words are recognised and decided on speculation, so that at the end of speech only acting is left. If speech goes on,
// the speculation is dropped.
#pragma once

#include "assistant/turn.h"
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
    std::unique_ptr<speech::Endpointer> endpointer;
    std::function<Result<screen::Sight>()> look;
    std::optional<Language> language;
    std::function<void()> on_speech;                 // speech has begun (barge-in, indicator)
    std::function<void(const TurnReport &)> on_turn; // acted; the reply is in the report
  };
  explicit Live(Parts parts);
  ~Live();

  // Feeds microphone samples (16 kHz mono). Never blocks on a model; turns are worked off on a thread of their own.
  void push(std::span<const float> samples);
  // Waits until everything pushed so far has been worked off.
  void drain();

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace yanxing::assistant
