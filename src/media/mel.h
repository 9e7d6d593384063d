// What an audio tower hears of a clip: whisper's log-mel frames, number for number as transformers'
// WhisperFeatureExtractor makes them on a clip that it pads with silence.
#pragma once

#include "audio/clip.h"
#include "base/result.h"
#include "pack/media_input.h"

#include <cstdint>
#include <filesystem>

namespace yanxing::media {

// Defaults are Qwen2.5-Omni's.
struct SoundSettings {
  int bins = 128;
  double longest_seconds = 300;
};

// From the folder's preprocessor_config.json or processor_config.json; the defaults where there is none. Errors:
// another rate, hop or window than whisper's, or numbers that no processor can have.
Result<SoundSettings> sound_settings(const std::filesystem::path &model);

// Frames of a clip of so many samples at 16 kHz: one each 10 ms.
std::int64_t mel_frames(std::size_t samples);
// Tokens that the tower makes of them: a convolution and a mean halve their number each. 0: too short to be heard.
std::int64_t sound_tokens(std::int64_t frames);

// (bins, frames). Precondition: 16 kHz, at least one sample.
pack::MediaInput mel_of(const audio::Clip &clip, const SoundSettings &settings);

} // namespace yanxing::media
