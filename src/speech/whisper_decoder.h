// Decoding one window of speech with Whisper's decoder, token by token, over an encoding that whisper.cpp holds.
// Ours rather than whisper_full's loop, because a turn needs the language told from the same encoding (no second
// pass), the probability of silence, and alternatives (n-best) without a second encoding.
#pragma once

#include "base/shapes.h"

#include <optional>
#include <string>
#include <vector>
#include <whisper.h>

namespace yanxing::speech {

struct DecodedWindow {
  std::string text;
  Language language = Language::kEnglish;
  double mean_log_probability = 0;
  double no_speech_probability = 0;
  bool finished = false; // ended by itself, without running into the limit or repeating itself
  struct Alternative {
    std::string text;
    double mean_log_probability = 0;
  };
  std::vector<Alternative> alternatives;
};

class WhisperDecoder {
public:
  WhisperDecoder(whisper_context *context, int threads);
  // The encoding must be in the context. `most_tokens` bounds the text; `n_best` > 1 adds alternatives.
  DecodedWindow decode(std::optional<Language> language, int most_tokens, int n_best);

private:
  struct Path {
    std::vector<whisper_token> tokens; // text tokens only
    std::vector<double> log_probabilities;
    std::vector<std::pair<whisper_token, double>> second; // runner-up at each step
    bool finished = false;
  };
  Language tell_language();
  double no_speech();
  Path greedy(const std::vector<whisper_token> &prompt, std::vector<whisper_token> start, int most_tokens);
  std::vector<float> step(const std::vector<whisper_token> &tokens, int past);
  [[nodiscard]] std::string text_of(const Path &path) const;

  whisper_context *context_;
  int threads_;
  std::vector<bool> banned_; // symbols that are not speech
};

} // namespace yanxing::speech
