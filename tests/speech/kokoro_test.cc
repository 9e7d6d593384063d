#include "base/files.h"
#include "speech/clauses.h"
#include "speech/kept_speech.h"
#include "speech/synthesizer.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace yanxing::speech {
namespace {
namespace fs = std::filesystem;

using Clauses = std::vector<Clause>;
constexpr auto kZh = Language::kChinese;
constexpr auto kEn = Language::kEnglish;

TEST(Clauses, TheFirstComesEarly) {
  EXPECT_EQ(clauses_of("好的，已经把预算表发给李经理。"),
            (Clauses{{"好的，", kZh}, {"已经把预算表发给李经理。", kZh}}));
  EXPECT_EQ(clauses_of("Okay, I sent the budget to Manager Li."),
            (Clauses{{"Okay,", kEn}, {" I sent the budget to Manager Li.", kEn}}));
}

TEST(Clauses, EachHasOneLanguage) {
  EXPECT_EQ(clauses_of("已经打开Excel了"), (Clauses{{"已经打开", kZh}, {"Excel", kEn}, {"了", kZh}}));
  EXPECT_EQ(clauses_of("3点半开会"), (Clauses{{"3点半开会", kZh}}));
}

TEST(Clauses, MarksInsideNumbersAndAddressesDoNotCut) {
  EXPECT_EQ(clauses_of("音量是3.5").size(), 1U);
  EXPECT_EQ(clauses_of("It is at 15:30").size(), 1U);
}

TEST(Clauses, NothingToSayGivesNone) {
  EXPECT_TRUE(clauses_of("").empty());
  EXPECT_TRUE(clauses_of("。！ …\n").empty());
  EXPECT_TRUE(clauses_of("\xFF\xFE").empty());
}

TEST(Clauses, WithoutMarksALongTextIsStillCutAndWhole) {
  std::string zh;
  std::string en;
  for (int i = 0; i < 200; ++i) {
    zh += "打开灯";
    en += "turn it on ";
  }
  for (const auto &text : {zh, en}) {
    std::string joined;
    for (const auto &clause : clauses_of(text)) {
      EXPECT_LE(clause.text.size(), 300U);
      joined += clause.text;
    }
    EXPECT_EQ(joined, text);
  }
}

class Folder : public testing::Test {
protected:
  Folder() { fs::create_directories(path_); }
  ~Folder() override { fs::remove_all(path_); }
  fs::path path_ = fs::temp_directory_path() / ("yanxing-kept-" + std::to_string(getpid()));
};

TEST_F(Folder, SpeechIsKeptAndTheLongestUnusedGoes) {
  constexpr std::size_t kSamples = 1000; // 2 kB a clip
  const KeptSpeech kept(path_, 5000);
  const audio::Clip clip{std::vector<float>(kSamples, 0.25F), 24000};
  EXPECT_FALSE(kept.find("a"));
  kept.put("a", clip);
  kept.put("b", clip);
  usleep(20000);
  const auto found = kept.find("a"); // now b is the longest unused
  ASSERT_TRUE(found);
  EXPECT_EQ(found->samples.size(), kSamples);
  EXPECT_NEAR(found->samples[10], 0.25F, 1e-4);
  kept.put("c", clip);
  EXPECT_TRUE(kept.find("a"));
  EXPECT_FALSE(kept.find("b"));
  EXPECT_TRUE(kept.find("c"));
}

TEST_F(Folder, ABrokenKeptFileIsAsNone) {
  const KeptSpeech kept(path_);
  kept.put("a", {std::vector<float>(100, 0.1F), 24000});
  for (const auto &entry : fs::directory_iterator(path_)) {
    ASSERT_TRUE(write_file(entry.path(), "RIFF"));
  }
  EXPECT_FALSE(kept.find("a"));
}

TEST_F(Folder, MissingFilesAreSaid) {
  KokoroFiles files;
  files.pinyin = path_;
  const auto made = make_kokoro_synthesizer(files);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().what.find("pinyin_dict.json"), std::string::npos);
}

} // namespace
} // namespace yanxing::speech
