// Decoding one window of speech with Whisper's decoder, token by token, over an encoding that whisper.cpp holds.
// Ours rather than whisper_full's loop, because a turn needs the language told from the same encoding (no second
// pass), the probability of silence, and alternatives (n-best) without a second encoding.
#pragma once

#include "base/shapes.h"
#include "speech/phrase_bias.h"

#include <optional>
#include <string>
#include <vector>
#include <whisper.h>

namespace yanxing::speech {

struct DecodedWindow {
  std::string text;
  Language language = Language::kEnglish;
  double mean_log_probability = 0;  // per token, the end token included where it was reached
  double no_speech_probability = 0; // of <|nospeech|> right after <|startoftranscript|>
  bool finished = false;            // ended by itself, without running into the limit
  bool looping = false;             // stopped because it repeated itself; `text` holds the run once
  bool whole_again = false;         // looping, and what was repeated is the whole text
  struct Alternative {
    std::string text;
    double mean_log_probability = 0;
  };
  std::vector<Alternative> alternatives; // likeliest first
};

class WhisperDecoder {
public:
  WhisperDecoder(whisper_context *context, int threads);
  // Phrases that decode() leans to from now on, each as it would be written.
  void expect(const std::vector<std::string> &phrases);
  // The encoding must be in the context. `most_tokens` bounds the text; `n_best` > 1 adds alternatives. `translate`:
  // `language` is spoken, English is written.
  DecodedWindow decode(std::optional<Language> language, int most_tokens, int n_best, bool translate = false);

private:
  struct Choice {
    whisper_token token = 0;
    double log_probability = 0;
  };
  struct Step {
    Choice best;
    Choice second;
  };
  struct Path {
    std::vector<whisper_token> tokens; // text tokens only
    std::vector<Step> steps;           // one more than tokens where finished
    bool finished = false;
    bool looping = false;
    bool whole_again = false;
  };
  struct Start {
    Language language = Language::kEnglish;
    double no_speech_probability = 0;
  };

  Start tell_start();
  // Feeds `feed` at position `past` and goes on greedily; `path` holds the text so far.
  void extend(Path &path, std::vector<whisper_token> feed, int past, int most_tokens);
  void add_alternatives(DecodedWindow &window, const Path &best, int prompt_size, int most_tokens, int n_best);
  std::vector<float> logits_after(const std::vector<whisper_token> &tokens, int past);
  [[nodiscard]] std::size_t begun_again(const Path &path) const;
  [[nodiscard]] Step two_likeliest(const std::vector<float> &logits, const std::vector<whisper_token> &written) const;
  [[nodiscard]] std::string text_of(const std::vector<whisper_token> &tokens) const;
  static double mean(const std::vector<Step> &steps);

  whisper_context *context_;
  int threads_;
  ByteTree pieces_; // the text of every token that may be written
  PhraseBias phrases_{pieces_};
  std::vector<bool> banned_;   // symbols that are not speech, and everything past the end token
  std::vector<bool> wordless_; // punctuation and blanks: no worthwhile alternative
};

} // namespace yanxing::speech
