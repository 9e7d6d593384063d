#include "base/paths.h"
#include "speech/recognizer.h"
#include "support/source.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace yanxing::speech {
namespace {

std::filesystem::path model_path() { return models_folder() / "whisper-base" / "ggml-model.bin"; }
std::string vad_path() { return (models_folder() / "silero-vad" / "silero_vad.onnx").string(); }

// One recognizer for all tests: loading is what takes long.
class WhisperTest : public testing::Test {
protected:
  static void SetUpTestSuite() {
    if (std::filesystem::exists(model_path()) && std::filesystem::exists(vad_path())) {
      auto made = make_whisper_recognizer(model_path().string(), vad_path(), 2);
      ASSERT_TRUE(made.ok()) << made.error().message();
      recognizer = std::move(*made);
    }
  }
  static void TearDownTestSuite() { recognizer.reset(); }
  void SetUp() override {
    if (!recognizer) {
      GTEST_SKIP() << "whisper-base or silero-vad is not installed";
    }
  }
  static Transcript hear(const audio::Clip &clip, const HearingOptions &options = {}) {
    auto transcript = recognizer->transcribe(clip, options);
    EXPECT_TRUE(transcript.ok()) << transcript.error().message();
    return transcript ? *transcript : Transcript{};
  }
  // Empty where the recordings are absent.
  static audio::Clip recording(const std::string &name) {
    const auto file = test::source("../shared/data") / name;
    if (!std::filesystem::exists(file)) {
      return {};
    }
    auto clip = audio::read_clip(file);
    EXPECT_TRUE(clip.ok());
    return clip ? *clip : audio::Clip{};
  }
  static std::unique_ptr<Recognizer> recognizer;
};
std::unique_ptr<Recognizer> WhisperTest::recognizer;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

constexpr const char *kEnglish = "audio_en/misc/whispercpp_jfk.flac";
constexpr const char *kChinese = "audio_zh/aishell_cmd/BAC009S0150W0005.flac"; // 调高温度

TEST_F(WhisperTest, TellsTheLanguageAndTheWords) {
  const auto english = recording(kEnglish);
  const auto chinese = recording(kChinese);
  if (english.samples.empty() || chinese.samples.empty()) {
    GTEST_SKIP() << "the recordings are absent";
  }
  const auto asked = hear(english);
  EXPECT_EQ(asked.language, Language::kEnglish);
  EXPECT_NE(lower(asked.text).find("ask what you can do for your country"), std::string::npos) << asked.text;
  EXPECT_LT(asked.no_speech_probability, 0.5);
  const auto told = hear(chinese);
  EXPECT_EQ(told.language, Language::kChinese);
  EXPECT_EQ(told.text, "调高温度");
}

// A short window must not see what a longer one left in the encoder's buffers.
TEST_F(WhisperTest, AnEarlierClipChangesNothing) {
  const auto english = recording(kEnglish);
  const auto chinese = recording(kChinese);
  if (english.samples.empty() || chinese.samples.empty()) {
    GTEST_SKIP() << "the recordings are absent";
  }
  const auto first = hear(chinese);
  hear(english);
  const auto second = hear(chinese);
  EXPECT_EQ(first.text, second.text);
  ASSERT_FALSE(first.n_best.empty());
  EXPECT_NEAR(first.n_best[0].log_probability, second.n_best[0].log_probability, 1e-3);
  EXPECT_NEAR(first.no_speech_probability, second.no_speech_probability, 1e-3);
}

TEST_F(WhisperTest, AlternativesAreOtherTextsAndTheBestStaysFirst) {
  const auto chinese = recording("audio_zh/aishell_cmd/BAC009S0150W0021.flac");
  if (chinese.samples.empty()) {
    GTEST_SKIP() << "the recordings are absent";
  }
  HearingOptions options;
  options.language = Language::kChinese;
  const auto alone = hear(chinese, options);
  options.n_best = 4;
  const auto many = hear(chinese, options);
  EXPECT_EQ(many.text, alone.text);
  ASSERT_GE(many.n_best.size(), 2U);
  EXPECT_LE(many.n_best.size(), 4U);
  EXPECT_EQ(many.n_best[0].text, many.text);
  for (std::size_t i = 0; i < many.n_best.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_NE(many.n_best[i].text, many.n_best[j].text);
    }
  }
}

TEST_F(WhisperTest, NobodySpeaksInSilenceNoiseAndTones) {
  std::mt19937 random(3);
  std::normal_distribution<float> noise(0.0F, 0.2F);
  audio::Clip silence;
  silence.samples.assign(audio::kSpeechRateHz * 2, 0.0F);
  auto hiss = silence;
  auto tune = silence;
  for (std::size_t i = 0; i < tune.samples.size(); ++i) {
    hiss.samples[i] = noise(random);
    const double t = static_cast<double>(i) / audio::kSpeechRateHz;
    const double hz = 220.0 * std::pow(2.0, std::floor(t * 4) * 3 / 12); // four notes a second
    tune.samples[i] = static_cast<float>(0.3 * std::sin(6.283185307 * hz * t));
  }
  for (const auto &clip : {silence, hiss, tune, audio::Clip{}, audio::Clip{{0.1F, -0.1F}, 16000}}) {
    const auto transcript = hear(clip);
    EXPECT_EQ(transcript.text, "");
    EXPECT_TRUE(transcript.segments.empty());
    EXPECT_GT(transcript.no_speech_probability, 0.3);
  }
}

TEST_F(WhisperTest, LongRecordingsAreCutAtPauses) {
  const auto english = recording(kEnglish);
  if (english.samples.empty()) {
    GTEST_SKIP() << "the recordings are absent";
  }
  audio::Clip clip = english;
  for (int i = 0; i < 2; ++i) {
    clip.samples.insert(clip.samples.end(), audio::kSpeechRateHz * 3, 0.0F);
    clip.samples.insert(clip.samples.end(), english.samples.begin(), english.samples.end());
  }
  std::vector<double> progress;
  HearingOptions options;
  options.progress = [&](double done) { progress.push_back(done); };
  const auto transcript = hear(clip, options);
  ASSERT_EQ(transcript.segments.size(), 3U);
  EXPECT_EQ(progress.size(), 3U);
  EXPECT_DOUBLE_EQ(progress.back(), 1.0);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(transcript.segments[i].start_s, 14.0 * static_cast<double>(i), 1.0);
    EXPECT_NE(lower(transcript.segments[i].text).find("your country"), std::string::npos);
  }
}

TEST_F(WhisperTest, TakesAnySampleRate) {
  const auto chinese = recording(kChinese);
  if (chinese.samples.empty()) {
    GTEST_SKIP() << "the recordings are absent";
  }
  EXPECT_EQ(hear(audio::resample(chinese, 44100)).text, "调高温度");
}

TEST(WhisperModel, TruncatedFileIsOneClearError) {
  if (!std::filesystem::exists(model_path())) {
    GTEST_SKIP() << "whisper-base is not installed";
  }
  const auto cut = std::filesystem::path(testing::TempDir()) / "cut-whisper.bin";
  std::filesystem::copy_file(model_path(), cut, std::filesystem::copy_options::overwrite_existing);
  for (const std::uintmax_t bytes : {std::uintmax_t{140000000}, std::uintmax_t{500000}, std::uintmax_t{40}}) {
    std::filesystem::resize_file(cut, bytes);
    const auto made = make_whisper_recognizer(cut.string(), vad_path(), 1);
    ASSERT_FALSE(made.ok());
    EXPECT_NE(made.error().what.find("cut-whisper.bin"), std::string::npos);
    EXPECT_FALSE(made.error().hint.empty());
  }
  std::filesystem::remove(cut);
}

} // namespace
} // namespace yanxing::speech
