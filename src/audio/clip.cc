#include "audio/clip.h"

#include "base/files.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <samplerate.h>
#include <sndfile.h>

namespace yanxing::audio {
namespace {

constexpr std::size_t kMostSamples = std::size_t{4} * 3600 * 48000; // four hours at 48 kHz

struct SoundFileCloser {
  void operator()(SNDFILE *file) const { sf_close(file); }
};
using SoundFile = std::unique_ptr<SNDFILE, SoundFileCloser>;

// libsndfile reads from memory through these.
struct Memory {
  std::string_view bytes;
  sf_count_t at = 0;
};

sf_count_t memory_length(void *user) { return static_cast<sf_count_t>(static_cast<Memory *>(user)->bytes.size()); }
sf_count_t memory_seek(sf_count_t offset, int whence, void *user) {
  auto *memory = static_cast<Memory *>(user);
  const sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? memory->at : memory_length(user);
  memory->at = base + std::clamp<sf_count_t>(offset, -base, memory_length(user) - base); // a header may ask for any
  return memory->at;
}
sf_count_t memory_read(void *target, sf_count_t count, void *user) {
  auto *memory = static_cast<Memory *>(user);
  count = std::clamp<sf_count_t>(count, 0, memory_length(user) - memory->at);
  std::memcpy(target, memory->bytes.data() + memory->at, static_cast<std::size_t>(count));
  memory->at += count;
  return count;
}
sf_count_t memory_write(const void * /*data*/, sf_count_t /*count*/, void * /*user*/) { return 0; }
sf_count_t memory_tell(void *user) { return static_cast<Memory *>(user)->at; }

// And writes into memory through these.
struct Target {
  std::string *bytes = nullptr;
  sf_count_t at = 0;
};

sf_count_t target_length(void *user) { return static_cast<sf_count_t>(static_cast<Target *>(user)->bytes->size()); }
sf_count_t target_seek(sf_count_t offset, int whence, void *user) {
  auto *target = static_cast<Target *>(user);
  const sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? target->at : target_length(user);
  target->at = std::max<sf_count_t>(0, base + offset);
  return target->at;
}
sf_count_t target_read(void *to, sf_count_t count, void *user) {
  auto *target = static_cast<Target *>(user);
  count = std::clamp<sf_count_t>(count, 0, std::max<sf_count_t>(0, target_length(user) - target->at));
  std::memcpy(to, target->bytes->data() + target->at, static_cast<std::size_t>(count));
  target->at += count;
  return count;
}
sf_count_t target_write(const void *from, sf_count_t count, void *user) {
  auto *target = static_cast<Target *>(user);
  const auto end = static_cast<std::size_t>(target->at + count);
  target->bytes->resize(std::max(target->bytes->size(), end));
  std::memcpy(target->bytes->data() + target->at, from, static_cast<std::size_t>(count));
  target->at += count;
  return count;
}
sf_count_t target_tell(void *user) { return static_cast<Target *>(user)->at; }

void put16(std::string &out, unsigned value) {
  out += static_cast<char>(value & 0xFFU);
  out += static_cast<char>((value >> 8U) & 0xFFU);
}
void put32(std::string &out, std::uint32_t value) {
  put16(out, value & 0xFFFFU);
  put16(out, value >> 16U);
}

} // namespace

Result<Clip> decode_clip(std::string_view bytes, std::string_view where) {
  const auto name = std::string(where);
  if (bytes.empty()) {
    return Error{name + " is empty", "Record it again"};
  }
  SF_VIRTUAL_IO io{memory_length, memory_seek, memory_read, memory_write, memory_tell};
  SF_INFO info{};
  Memory memory{bytes, 0};
  const SoundFile file(sf_open_virtual(&io, SFM_READ, &info, &memory));
  if (!file) {
    return Error{name + " is not a sound file that can be read: " + sf_strerror(nullptr), "Use wav, flac, mp3 or ogg"};
  }
  constexpr int kMostChannels = 64;
  if (info.channels < 1 || info.channels > kMostChannels || info.samplerate < 1000 || info.samplerate > 768000) {
    return Error{name + " has an impossible sample rate or channel count", "Convert it to a 16 kHz mono wav"};
  }
  Clip clip;
  clip.sample_rate_hz = info.samplerate;
  const auto channels = static_cast<std::size_t>(info.channels);
  std::vector<float> frames(4096 * channels);
  while (clip.samples.size() < kMostSamples) { // a few packed bytes may stand for hours of silence
    const auto got = sf_readf_float(file.get(), frames.data(), 4096);
    if (got <= 0) {
      break;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
      float sum = 0;
      for (std::size_t c = 0; c < channels; ++c) {
        const float sample = frames[i * channels + c];
        sum += std::isfinite(sample) ? sample : 0.0F;
      }
      clip.samples.push_back(std::clamp(sum / static_cast<float>(channels), -1.0F, 1.0F));
    }
  }
  if (clip.samples.empty()) {
    return Error{name + " holds no sound", "Record it again"};
  }
  return clip;
}

Result<Clip> read_clip(const std::filesystem::path &file) {
  constexpr std::uintmax_t kMostBytes = 2ULL << 30U;
  const auto bytes = read_file(file, kMostBytes);
  return bytes ? decode_clip(*bytes, file.string()) : Result<Clip>(bytes.error());
}

Clip resample(const Clip &clip, int sample_rate_hz) {
  if (clip.sample_rate_hz == sample_rate_hz || clip.samples.empty()) {
    return Clip{clip.samples, sample_rate_hz};
  }
  const double ratio = static_cast<double>(sample_rate_hz) / clip.sample_rate_hz;
  Clip out;
  out.sample_rate_hz = sample_rate_hz;
  out.samples.resize(static_cast<std::size_t>(static_cast<double>(clip.samples.size()) * ratio) + 16);
  SRC_DATA data{};
  data.data_in = clip.samples.data();
  data.input_frames = static_cast<long>(clip.samples.size());
  data.data_out = out.samples.data();
  data.output_frames = static_cast<long>(out.samples.size());
  data.src_ratio = ratio;
  if (src_simple(&data, SRC_SINC_FASTEST, 1) != 0) {
    data.output_frames_gen = 0; // only a ratio beyond libsamplerate's limits fails
  }
  out.samples.resize(static_cast<std::size_t>(data.output_frames_gen));
  return out;
}

struct Resampler::Impl {
  struct StateDeleter {
    void operator()(SRC_STATE *state) const { src_delete(state); }
  };
  std::unique_ptr<SRC_STATE, StateDeleter> state;
  double ratio = 1;
};

Resampler::Resampler(int from_hz, int to_hz) : impl_(std::make_unique<Impl>()) {
  impl_->ratio = static_cast<double>(to_hz) / from_hz;
  int error = 0;
  if (from_hz != to_hz) {
    impl_->state.reset(src_new(SRC_SINC_FASTEST, 1, &error));
  }
}
Resampler::~Resampler() = default;
Resampler::Resampler(Resampler &&) noexcept = default;
Resampler &Resampler::operator=(Resampler &&) noexcept = default;

std::vector<float> Resampler::push(std::span<const float> samples) {
  if (!impl_->state || samples.empty()) {
    return {samples.begin(), samples.end()};
  }
  std::vector<float> out(static_cast<std::size_t>(static_cast<double>(samples.size()) * impl_->ratio) + 64);
  SRC_DATA data{};
  data.data_in = samples.data();
  data.input_frames = static_cast<long>(samples.size());
  data.data_out = out.data();
  data.output_frames = static_cast<long>(out.size());
  data.src_ratio = impl_->ratio;
  const bool done = src_process(impl_->state.get(), &data) == 0;
  out.resize(done ? static_cast<std::size_t>(data.output_frames_gen) : 0);
  return out;
}

std::string pcm16_of(std::span<const float> samples) {
  std::string bytes;
  bytes.reserve(samples.size() * 2);
  for (const float sample : samples) {
    const auto value = static_cast<int>(std::lround(std::clamp(sample, -1.0F, 1.0F) * 32767.0F));
    put16(bytes, static_cast<unsigned>(value) & 0xFFFFU);
  }
  return bytes;
}

std::string wav_header(int sample_rate_hz, std::optional<std::size_t> sample_count) {
  constexpr std::uint32_t kUnknown = 0xFFFFFFFFU; // players then read to the end
  const auto rate = static_cast<std::uint32_t>(sample_rate_hz);
  const auto bytes = sample_count ? static_cast<std::uint32_t>(*sample_count * 2) : kUnknown;
  std::string out = "RIFF";
  put32(out, sample_count ? 36 + bytes : kUnknown);
  out += "WAVEfmt ";
  put32(out, 16);
  put16(out, 1); // PCM
  put16(out, 1); // mono
  put32(out, rate);
  put32(out, rate * 2);
  put16(out, 2);
  put16(out, 16);
  out += "data";
  put32(out, bytes);
  return out;
}

Status write_wav(const std::filesystem::path &file, const Clip &clip) {
  return write_file(file, wav_header(clip.sample_rate_hz, clip.samples.size()) + pcm16_of(clip.samples));
}

Result<std::string> encode_clip(const Clip &clip, const std::string &format) {
  if (format == "wav") {
    return wav_header(clip.sample_rate_hz, clip.samples.size()) + pcm16_of(clip.samples);
  }
  const std::map<std::string, int> kinds{{"flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16},
                                         {"mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III},
                                         {"ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS},
                                         {"opus", SF_FORMAT_OGG | SF_FORMAT_OPUS}};
  const auto kind = kinds.find(format);
  if (kind == kinds.end()) {
    return Error{"there is no sound format \"" + format + "\"", "Use wav, flac, mp3, ogg or opus"};
  }
  constexpr int kOpusRateHz = 48000; // libsndfile takes no other from 24 kHz on that every player takes too
  const auto sound = format == "opus" ? resample(clip, kOpusRateHz) : clip;
  SF_INFO info{};
  info.samplerate = sound.sample_rate_hz;
  info.channels = 1;
  info.format = kind->second;
  std::string bytes;
  Target target{&bytes, 0};
  SF_VIRTUAL_IO io{target_length, target_seek, target_read, target_write, target_tell};
  SoundFile file(sf_open_virtual(&io, SFM_WRITE, &info, &target));
  if (!file) {
    return Error{"sound cannot be written as " + format + " here: " + sf_strerror(nullptr), "Use wav or flac"};
  }
  const auto count = static_cast<sf_count_t>(sound.samples.size());
  const bool written = sf_writef_float(file.get(), sound.samples.data(), count) == count;
  file.reset(); // writes what is left
  return written ? Result<std::string>(std::move(bytes))
                 : Result<std::string>(Error{"the sound could not be written as " + format, "Use wav"});
}

} // namespace yanxing::audio
