// The audio tower of Qwen2.5-Omni (arXiv:2503.20215 §2.2): whisper's encoder, whose blocks hear two seconds at a time;
// two neighbouring frames become one token.
#pragma once

#include "nn/fields.h"
#include "nn/tower.h"

#include <memory>
#include <string>

namespace yanxing::nn {

struct WhisperAudioConfig {
  std::int64_t hidden = 0;
  std::int64_t intermediate = 0;
  std::int64_t heads = 0;
  std::int64_t layers = 0;
  std::int64_t out = 0; // the decoder's hidden size
  std::int64_t bins = 128;
  std::int64_t stretch = 200; // mel frames that hear each other
};

// From "audio_config"; what is wrong is told through the fields.
WhisperAudioConfig whisper_audio_from_hf(Fields &config);

// Weights are read from `tower`, those of the last projection from `aligner`, under names that start with `prefix`.
std::unique_ptr<Tower> make_whisper_audio(const WhisperAudioConfig &config, const std::string &prefix,
                                          WeightReader &tower, WeightReader &aligner);

} // namespace yanxing::nn
