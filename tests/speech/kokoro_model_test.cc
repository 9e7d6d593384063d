// Speaks real sentences and lets the recogniser hear them.
#include "base/paths.h"
#include "speech/recognizer.h"
#include "speech/synthesizer.h"
#include "text/utf8.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>
#include <unistd.h>
#include <utility>

namespace yanxing::speech {
namespace {
namespace fs = std::filesystem;

// Letters, digits and Han characters alone, in lower case.
std::u32string letters_of(const std::string &utf8) {
  std::u32string out;
  for (const char32_t c : text::to_code_points(utf8)) {
    if (text::is_han(c) || text::is_digit(c) || text::is_ascii_letter(c)) {
      out += c >= U'A' && c <= U'Z' ? c - U'A' + U'a' : c;
    }
  }
  return out;
}

std::size_t edits(const std::u32string &a, const std::u32string &b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row.back();
}

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
  // Characters heard wrong; the recogniser itself, asked about people, misses one in ten.
  const auto wrong = [&](const std::string &text, const std::u32string &expected, Language language) {
    HearingOptions options;
    options.language = language;
    const auto heard = (*recognizer)->transcribe(say(text), options);
    EXPECT_TRUE(heard);
    return heard ? edits(expected, letters_of(heard->text)) : expected.size();
  };
  const std::u32string budget = U"好的已经把预算表发给李经理";
  const std::u32string lights = U"空调已经调到26度客厅的灯关了";
  const std::u32string meeting = U"明天下午3点半开会我会提醒你";
  const auto mandarin = wrong("好的，已经把预算表发给李经理。", budget, Language::kChinese) +
                        wrong("空调已经调到26度，客厅的灯关了。", lights, Language::kChinese) +
                        wrong("明天下午3点半开会，我会提醒你。", meeting, Language::kChinese);
  EXPECT_LE(mandarin * 100, (budget.size() + lights.size() + meeting.size()) * 15);
  const std::u32string sent = U"isentthebudgettothemanager";
  EXPECT_LE(wrong("I sent the budget to the manager.", sent, Language::kEnglish) * 100, sent.size() * 15);
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
