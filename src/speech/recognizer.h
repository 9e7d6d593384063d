// Speech → text. One file per engine; whisper is the default.
#pragma once

#include "audio/clip.h"
#include "base/result.h"
#include "base/shapes.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::speech {

struct Hypothesis {
  std::string text;
  double log_probability = 0; // mean per token
};

struct Segment {
  double start_s = 0;
  double end_s = 0;
  std::string text;
};

struct Transcript {
  std::string text; // best hypothesis: Simplified Chinese or English, normalised; "" where nobody spoke
  Language language = Language::kEnglish;
  std::vector<Hypothesis> n_best; // best first, raw engine text converted to Simplified
  std::vector<Segment> segments;
  double no_speech_probability = 0;
};

struct HearingOptions {
  std::optional<Language> language; // absent: detected (zh or en)
  int n_best = 1;
  // Words that are likely to be said: people, values of closed sets, labels. Made likelier where they sound alike.
  std::vector<std::string> phrases;
  bool translate = false;                          // into English, whatever is spoken (multilingual models)
  std::function<void(double)> progress;            // 0..1, for long files; may be empty
  std::function<void(const Segment &)> on_segment; // each as soon as it is written; may be empty
};

class Recognizer {
public:
  virtual ~Recognizer() = default;
  // Any sample rate; long clips are cut at pauses. Silence and noise give an empty text, not a guess.
  // Not thread-safe: one caller at a time.
  virtual Result<Transcript> transcribe(const audio::Clip &clip, const HearingOptions &options) = 0;
};

// `model`: a ggml whisper model file. `vad_model`: Silero ONNX.
Result<std::unique_ptr<Recognizer>> make_whisper_recognizer(const std::string &model, const std::string &vad_model,
                                                            int threads);

} // namespace yanxing::speech
