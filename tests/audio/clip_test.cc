#include "audio/clip.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <numbers>

namespace yanxing::audio {
namespace {

Clip tone(double hz, int rate_hz, double seconds) {
  Clip clip;
  clip.sample_rate_hz = rate_hz;
  for (int i = 0; i < static_cast<int>(seconds * rate_hz); ++i) {
    clip.samples.push_back(static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * hz * i / rate_hz)));
  }
  return clip;
}

// Zero crossings tell the frequency of a tone.
double frequency(const Clip &clip) {
  int crossings = 0;
  for (std::size_t i = 1; i < clip.samples.size(); ++i) {
    crossings += (clip.samples[i - 1] < 0) != (clip.samples[i] < 0) ? 1 : 0;
  }
  return crossings / 2.0 / clip.seconds();
}

template <class T> void put(std::string &out, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof value);
  out.append(raw, sizeof value);
}

// A 32-bit float wav; `frames` is interleaved.
std::string float_wav(const std::vector<float> &frames, std::uint16_t channels) {
  const auto bytes = static_cast<std::uint32_t>(frames.size() * 4);
  std::string out = "RIFF";
  put<std::uint32_t>(out, 36 + bytes);
  out += "WAVEfmt ";
  put<std::uint32_t>(out, 16);
  put<std::uint16_t>(out, 3); // IEEE float
  put<std::uint16_t>(out, channels);
  put<std::uint32_t>(out, 16000);
  put<std::uint32_t>(out, 16000U * channels * 4);
  put<std::uint16_t>(out, static_cast<std::uint16_t>(channels * 4));
  put<std::uint16_t>(out, 32);
  out += "data";
  put<std::uint32_t>(out, bytes);
  for (const float frame : frames) {
    put(out, frame);
  }
  return out;
}

TEST(Clip, SurvivesTheWayThroughAFile) {
  const auto file = std::filesystem::path(testing::TempDir()) / "tone.wav";
  const auto clip = tone(440, 22050, 0.5);
  ASSERT_TRUE(write_wav(file, clip).ok());
  const auto read = read_clip(file);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->sample_rate_hz, 22050);
  ASSERT_EQ(read->samples.size(), clip.samples.size());
  for (std::size_t i = 0; i < clip.samples.size(); ++i) {
    ASSERT_NEAR(read->samples[i], clip.samples[i], 1.0F / 16384);
  }
  std::filesystem::remove(file);
}

TEST(Clip, MixesChannelsAndCleansSamples) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinite = std::numeric_limits<float>::infinity();
  const auto clip = decode_clip(float_wav({0.5F, 0.25F, nan, 0.5F, infinite, infinite, 9.0F, 9.0F}, 2), "mixed");
  ASSERT_TRUE(clip.ok()) << clip.error().message();
  EXPECT_EQ(clip->samples, (std::vector<float>{0.375F, 0.25F, 0.0F, 1.0F}));
}

TEST(Clip, SaysWhatIsWrongWithTheBytes) {
  for (const auto &bytes : {std::string(), std::string("not a sound"), std::string(4096, '\xff'), float_wav({}, 1)}) {
    const auto clip = decode_clip(bytes, "greeting.wav");
    ASSERT_FALSE(clip.ok());
    EXPECT_NE(clip.error().what.find("greeting.wav"), std::string::npos);
  }
  EXPECT_FALSE(read_clip("/nowhere/at/all.wav").ok());
}

TEST(Clip, ReadsWhatThereIsOfACutFile) {
  const auto whole = float_wav(tone(440, 16000, 0.2).samples, 1);
  for (std::size_t length = 0; length < whole.size(); length += 101) {
    const auto clip = decode_clip(std::string_view(whole).substr(0, length), "cut");
    EXPECT_TRUE(!clip.ok() || clip->samples.size() <= 3200U);
  }
}

TEST(Clip, ResamplingKeepsPitchAndLength) {
  for (const int rate_hz : {8000, 22050, 48000}) {
    const auto out = resample(tone(440, rate_hz, 1.0), 16000);
    EXPECT_EQ(out.sample_rate_hz, 16000);
    EXPECT_NEAR(out.seconds(), 1.0, 0.01);
    EXPECT_NEAR(frequency(out), 440, 5);
  }
  EXPECT_TRUE(resample(Clip{{}, 48000}, 16000).samples.empty());
}

} // namespace
} // namespace yanxing::audio
