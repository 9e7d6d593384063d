// Sound in memory and in files. Decoding of foreign bytes is libsndfile's; resampling libsamplerate's.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
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

// The same for sound that comes piece by piece; what is between two pieces is as if they had come in one.
class Resampler {
public:
  Resampler(int from_hz, int to_hz);
  ~Resampler();
  Resampler(Resampler &&) noexcept;
  Resampler &operator=(Resampler &&) noexcept;
  std::vector<float> push(std::span<const float> samples);

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A clip as a sound file in memory: "wav" (16-bit PCM), "flac", "mp3", "ogg" and "opus" (both in Ogg). Opus is made at
// 48 kHz. Errors: an unknown format, or one that this machine's libsndfile cannot write.
Result<std::string> encode_clip(const Clip &clip, const std::string &format);
// The samples as 16-bit little-endian PCM, without a header.
std::string pcm16_of(std::span<const float> samples);
// What stands before such samples in a WAV file; `sample_count` absent: nobody knows yet (a stream).
std::string wav_header(int sample_rate_hz, std::optional<std::size_t> sample_count);

// 16-bit PCM; atomic.
Status write_wav(const std::filesystem::path &file, const Clip &clip);

} // namespace yanxing::audio
