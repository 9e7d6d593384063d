// Text → speech. One file per engine; Kokoro is the default.
#pragma once

#include "base/result.h"
#include "base/shapes.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace yanxing::speech {

class Synthesizer {
public:
  virtual ~Synthesizer() = default;
  [[nodiscard]] virtual int sample_rate_hz() const = 0;
  // How it speaks from now on. `voice`: for the language that it speaks; empty: both as configured. `speed`: 1 as
  // trained, 0.25 to 4. Errors: no such voice.
  virtual Status set_manner(const std::string &voice, float speed) {
    return voice.empty() && speed == 1.0F ? Status() : Status(Error{"this engine has one voice and one speed", ""});
  }
  // Speaks clause by clause: `sink` gets each clause's samples as soon as they exist and returns false to
  // stop (barge-in). Mixed zh/en text is spoken in one go. Not thread-safe: one caller at a time.
  virtual Status speak(const std::string &utf8, const std::function<bool(std::span<const float>)> &sink) = 0;
};

struct KokoroFiles {
  std::filesystem::path model;      // ONNX
  std::filesystem::path voices;     // folder of <voice>.bin, float32 [510][1][256]
  std::filesystem::path vocabulary; // vocab.json: phoneme → id
  std::filesystem::path pinyin;     // folder with pinyin_dict.json and phrases_dict.json
  std::filesystem::path english;    // us_gold.json (word → phonemes); others through espeak-ng
  std::filesystem::path kept;       // folder where finished clauses are kept; empty: none are
  std::string voice_zh = "zf_xiaoxiao";
  std::string voice_en = "af_heart";
  int threads = 2;
};
Result<std::unique_ptr<Synthesizer>> make_kokoro_synthesizer(const KokoroFiles &files);

} // namespace yanxing::speech
