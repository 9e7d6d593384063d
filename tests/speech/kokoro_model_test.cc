// Speaks real sentences and lets the recogniser hear them.
#include "base/paths.h"
#include "speech/recognizer.h"
#include "speech/synthesizer.h"
#include "text/normalize.h"

#include <cmath>
#include <gtest/gtest.h>
#include <unistd.h>

namespace yanxing::speech {
namespace {
namespace fs = std::filesystem;

class KokoroModel : public testing::Test {
protected:
  void SetUp() override {
    const auto folder = models_folder() / "kokoro";
    if (!fs::exists(folder / "model.onnx") || !fs::exists(models_folder() / "pinyin")) {
      GTEST_SKIP() << "the kokoro and pinyin models are not here";
    }
    KokoroFiles files{folder / "model.onnx",      folder / "voices",       folder / "vocab.json",
                      models_folder() / "pinyin", folder / "us_gold.json", kept_};
    auto made = make_kokoro_synthesizer(files);
    ASSERT_TRUE(made) << made.error().message();
    synthesizer_ = std::move(*made);
  }
  void TearDown() override { fs::remove_all(kept_); }

  audio::Clip say(const std::string &text, int clauses = 100) {
    audio::Clip clip;
    clip.sample_rate_hz = synthesizer_->sample_rate_hz();
    const auto spoken = synthesizer_->speak(text, [&](std::span<const float> samples) {
      clip.samples.insert(clip.samples.end(), samples.begin(), samples.end());
      return --clauses > 0;
    });
    EXPECT_TRUE(spoken);
    return clip;
  }

  fs::path kept_ = fs::temp_directory_path() / ("yanxing-kokoro-" + std::to_string(getpid()));
  std::unique_ptr<Synthesizer> synthesizer_;
};

TEST_F(KokoroModel, IsHeardAsItWasWritten) {
  const auto whisper = models_folder() / "whisper-base" / "ggml-model.bin";
  const auto vad = models_folder() / "silero-vad" / "silero_vad.onnx";
  if (!fs::exists(whisper) || !fs::exists(vad)) {
    GTEST_SKIP() << "the whisper-base or silero-vad model is not here";
  }
  auto recognizer = make_whisper_recognizer(whisper.string(), vad.string(), 2);
  ASSERT_TRUE(recognizer);
  const auto hear = [&](const std::string &text, Language language) {
    HearingOptions options;
    options.language = language;
    const auto transcript = (*recognizer)->transcribe(say(text), options);
    return transcript ? transcript->text : transcript.error().message();
  };
  EXPECT_NE(hear("好的，已经把预算表发给李经理。", Language::kChinese).find("把预算表发给"), std::string::npos);
  EXPECT_NE(hear("I sent the budget to the manager.", Language::kEnglish).find("sent the budget to the manager"),
            std::string::npos);
}

TEST_F(KokoroModel, WhatWasSaidOnceIsKept) {
  const auto first = say("好的。");
  ASSERT_GT(first.seconds(), 0.2);
  EXPECT_LT(first.seconds(), 2);
  ASSERT_FALSE(fs::is_empty(kept_));
  const auto again = say("好的。");
  ASSERT_EQ(again.samples.size(), first.samples.size());
  for (std::size_t i = 0; i < again.samples.size(); ++i) {
    ASSERT_NEAR(again.samples[i], std::clamp(first.samples[i], -1.0F, 1.0F), 1e-3);
  }
}

TEST_F(KokoroModel, StopsWhenTheSinkDoes) {
  const auto one = say("好的，已经把预算表发给李经理。", 1);
  EXPECT_LT(one.seconds(), 1.5);
  EXPECT_TRUE(say("").samples.empty());
}

} // namespace
} // namespace yanxing::speech
