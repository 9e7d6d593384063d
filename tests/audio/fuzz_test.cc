// Sound files that were damaged on their way.
#include "audio/clip.h"

#include "support/fuzz.h"
#include "support/source.h"

#include <algorithm>
#include <cmath>
#include <sndfile.h>

namespace yanxing::audio {
namespace {

void decode(const std::string &bytes) {
  const auto clip = decode_clip(bytes, "heard");
  if (!fuzz::told(clip)) {
    return;
  }
  EXPECT_FALSE(clip->samples.empty());
  EXPECT_GT(clip->sample_rate_hz, 0);
  EXPECT_TRUE(std::ranges::all_of(clip->samples, [](float sample) { return std::abs(sample) <= 1.0F; }));
}

TEST(DamagedSound, Wav) {
  constexpr std::size_t kQuarterSecond = 44 + 8000;
  for (const auto *name : {"say_zh.wav", "say_en.wav"}) {
    const auto whole = fuzz::bytes_of(test::source("assets") / name);
    fuzz::survives(whole.substr(0, kQuarterSecond), fuzz::Form::kBytes, decode);
  }
}

constexpr fuzz::Limits kPacked{.times = 512, .beside = 64U << 20U}; // silence takes a few bytes a second

TEST(DamagedSound, Ogg) {
  const fuzz::Scratch scratch;
  constexpr int kRateHz = 16000;
  std::vector<float> tone(kRateHz / 2);
  for (std::size_t i = 0; i < tone.size(); ++i) {
    tone[i] = 0.5F * std::sin(static_cast<float>(i) * 0.2F);
  }
  for (const int codec : {SF_FORMAT_VORBIS, SF_FORMAT_OPUS}) {
    SF_INFO info{};
    info.samplerate = kRateHz;
    info.channels = 1;
    info.format = SF_FORMAT_OGG | codec;
    const auto file = scratch.path() / "tone.ogg";
    SNDFILE *out = sf_open(file.c_str(), SFM_WRITE, &info);
    ASSERT_NE(out, nullptr) << sf_strerror(nullptr);
    sf_writef_float(out, tone.data(), static_cast<sf_count_t>(tone.size()));
    sf_close(out);
    fuzz::survives(fuzz::bytes_of(file), fuzz::Form::kBytes, decode, kPacked);
  }
}

class DamagedRecording : public testing::TestWithParam<std::string> {};

// The smallest recording of this kind among the shared data; an unpacked sample may be much longer than its bytes.
TEST_P(DamagedRecording, IsReadOrRefused) {
  namespace fs = std::filesystem;
  const auto folder = test::source("../shared/data");
  fs::path smallest;
  std::error_code code;
  for (fs::recursive_directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    if (entry->path().extension() == GetParam() && entry->is_regular_file() &&
        (smallest.empty() || entry->file_size() < fs::file_size(smallest))) {
      smallest = entry->path();
    }
  }
  if (smallest.empty()) {
    GTEST_SKIP() << "no " << GetParam() << " file lies in " << folder;
  }
  constexpr std::size_t kStart = 20000;
  fuzz::survives(fuzz::bytes_of(smallest).substr(0, kStart), fuzz::Form::kBytes, decode, kPacked);
}
INSTANTIATE_TEST_SUITE_P(Kinds, DamagedRecording, testing::Values(".flac", ".mp3"),
                         [](const auto &kind) { return kind.param.substr(1); });

} // namespace
} // namespace yanxing::audio
