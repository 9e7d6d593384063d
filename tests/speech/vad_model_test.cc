#include "base/paths.h"
#include "speech/endpoint.h"
#include "support/source.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace yanxing::speech {
namespace {

class SileroTest : public testing::Test {
protected:
  void SetUp() override {
    const auto model = models_folder() / "silero-vad" / "silero_vad.onnx";
    if (!std::filesystem::exists(model)) {
      GTEST_SKIP() << "silero-vad is not installed";
    }
    auto vad = VoiceActivity::open(model.string());
    ASSERT_TRUE(vad.ok()) << vad.error().message();
    vad_ = std::move(*vad);
  }
  // A recorded command with `seconds` of silence on both sides; empty where the recordings are absent.
  static audio::Clip command_within_silence(double seconds) {
    const std::filesystem::path file = test::source("../shared/data/audio_zh/aishell_cmd/BAC009S0150W0005.flac");
    if (!std::filesystem::exists(file)) {
      return {};
    }
    auto clip = audio::read_clip(file);
    EXPECT_TRUE(clip.ok());
    const auto silence = static_cast<std::size_t>(seconds * audio::kSpeechRateHz);
    clip->samples.insert(clip->samples.begin(), silence, 0.0F);
    clip->samples.insert(clip->samples.end(), silence, 0.0F);
    return *clip;
  }
  std::unique_ptr<VoiceActivity> vad_;
};

TEST_F(SileroTest, SilenceAndNoiseAreNoSpeech) {
  audio::Clip clip;
  clip.samples.assign(audio::kSpeechRateHz * 3, 0.0F);
  EXPECT_TRUE(find_speech(*vad_, clip, EndpointSettings{}).empty());
  std::mt19937 random(7);
  std::normal_distribution<float> noise(0.0F, 0.1F);
  for (auto &sample : clip.samples) {
    sample = noise(random);
  }
  EXPECT_TRUE(find_speech(*vad_, clip, EndpointSettings{}).empty());
}

TEST_F(SileroTest, FindsTheCommandAndForgetsItOnReset) {
  const auto clip = command_within_silence(2.0);
  if (clip.samples.empty()) {
    GTEST_SKIP() << "the recordings are absent";
  }
  const auto first = find_speech(*vad_, clip, EndpointSettings{});
  ASSERT_EQ(first.size(), 1U);
  EXPECT_GT(first[0].begin, 16000U * 3 / 2);
  EXPECT_LT(first[0].end, clip.samples.size() - 16000U * 3 / 2);
  const auto again = find_speech(*vad_, clip, EndpointSettings{});
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].begin, first[0].begin);
  EXPECT_EQ(again[0].end, first[0].end);
}

TEST_F(SileroTest, EndpointerHearsOneUtterance) {
  const auto clip = command_within_silence(1.0);
  if (clip.samples.empty()) {
    GTEST_SKIP() << "the recordings are absent";
  }
  Endpointer endpointer(std::move(vad_), EndpointSettings{});
  const auto events = endpointer.push(clip.samples);
  using Event = Endpointer::Event;
  EXPECT_EQ(std::count(events.begin(), events.end(), Event::kStart), 1);
  EXPECT_EQ(std::count(events.begin(), events.end(), Event::kEnd), 1);
  EXPECT_EQ(events.back(), Event::kEnd);
  EXPECT_GT(endpointer.utterance().seconds(), 0.8);
  EXPECT_LT(endpointer.utterance().seconds(), 2.4);
}

TEST(Silero, RefusesAnotherModel) {
  const auto other = models_folder() / "pp-ocr-v6" / "det.onnx";
  if (!std::filesystem::exists(other)) {
    GTEST_SKIP() << "pp-ocr-v6 is not installed";
  }
  const auto vad = VoiceActivity::open(other.string());
  ASSERT_FALSE(vad.ok());
  EXPECT_NE(vad.error().what.find("not a Silero VAD model"), std::string::npos);
}

} // namespace
} // namespace yanxing::speech
