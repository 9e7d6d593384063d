// Sound in memory and in files. Decoding of foreign bytes is libsndfile's; resampling libsamplerate's.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string_view>
#include <vector>

namespace yanxing::audio {

inline constexpr int kSpeechRateHz = 16000; // what VAD and ASR hear

struct Clip {
  std::vector<float> samples; // mono, -1..1
  int sample_rate_hz = kSpeechRateHz;

  [[nodiscard]] double seconds() const {
    return static_cast<double>(samples.size()) / static_cast<double>(sample_rate_hz);
  }
};

// wav, flac, mp3, ogg (vorbis, opus), aiff; any rate and channel count, mixed to mono. NaN and
// out-of-range samples are cleaned. Errors: missing, empty, corrupt or not a sound file.
Result<Clip> read_clip(const std::filesystem::path &file);
Result<Clip> decode_clip(std::string_view bytes, std::string_view where);

Clip resample(const Clip &clip, int sample_rate_hz);

// 16-bit PCM; atomic.
Status write_wav(const std::filesystem::path &file, const Clip &clip);

} // namespace yanxing::audio
