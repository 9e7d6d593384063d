#include "speech/phonemes.h"

#include "text/small_pinyin.h"

namespace yanxing::speech {
namespace {

class Mandarin : public text::SmallPinyin {
protected:
  std::string say(const std::string &text) const { return mandarin_phonemes(text, *pinyin_); }
};

TEST_F(Mandarin, InitialsFinalsAndTones) {
  EXPECT_EQ(say("水"), "ʂwei↓");
  EXPECT_EQ(say("女"), "ny↓");
  EXPECT_EQ(say("学"), "ɕɥe↗");
  EXPECT_EQ(say("四"), "sɨ↘");
  EXPECT_EQ(say("知"), "ꭧɨ→");
  EXPECT_EQ(say("二"), "ɚ↘");
  EXPECT_EQ(say("哦"), "ɔ↗");
  EXPECT_EQ(say("的"), "tɤ");
}

TEST_F(Mandarin, ToneSandhi) {
  EXPECT_EQ(say("你好"), "ni↗xau↓");    // 3-3
  EXPECT_EQ(say("不对"), "pu↗twei↘");   // 不 before a fourth tone
  EXPECT_EQ(say("一个"), "i↗kɤ↘");      // 一 before a fourth tone
  EXPECT_EQ(say("一天"), "i↘tʰjɛ→n");   // 一 before others
  EXPECT_EQ(say("十一月"), "ʂɨ↗i→ɥe↘"); // 一 in a number
}

TEST_F(Mandarin, WordsArePartedAndMarksKept) {
  EXPECT_EQ(say("把预算表发给李经理。"), "pa↓ y↘swa↘npjau↓ fa→kei↗ li↓ ʨi→ŋli↓.");
  EXPECT_EQ(say("好，行？"), "xau↓, ɕi↗ŋ?");
  EXPECT_EQ(say("银行"), "i↗nxa↗ŋ");
  EXPECT_EQ(say(""), "");
}

class English : public testing::Test {
protected:
  English() {
    EXPECT_TRUE(write_file(
        file_,
        R"({"the":"ði","to":"tu","a":"A","send":"sˈɛnd","apple":"ˈæpᵊl","lamp":"lˈæmp","box":"bˈɑks","battery":"bˈæɾəɹi",
                              "make":"mˈAk","share":{"DEFAULT":"ʃˈɛɹ","NOUN":null},"play":"plˈA","paint":"pˈAnt","P":"pˈi","D":"dˈi","F":"ˈɛf"})"));
    auto opened = EnglishPhonemes::open(file_);
    EXPECT_TRUE(opened);
    english_ = opened ? std::move(*opened) : nullptr;
  }
  ~English() override { std::filesystem::remove(file_); }
  std::filesystem::path file_ =
      std::filesystem::temp_directory_path() / ("yanxing-lexicon-" + std::to_string(getpid()) + ".json");
  std::unique_ptr<EnglishPhonemes> english_;
};

TEST_F(English, LexiconAndInflections) {
  const auto &say = *english_;
  EXPECT_EQ(say("Send"), "sˈɛnd");
  EXPECT_EQ(say("lamps"), "lˈæmps");
  EXPECT_EQ(say("boxes"), "bˈɑksᵻz");
  EXPECT_EQ(say("batteries"), "bˈæTəɹiz");
  EXPECT_EQ(say("shared"), "ʃˈɛɹd");
  EXPECT_EQ(say("painted"), "pˈAntᵻd");
  EXPECT_EQ(say("making"), "mˈAkɪŋ");
  EXPECT_EQ(say("playing"), "plˈAɪŋ");
}

TEST_F(English, SmallWordsListenToTheNext) {
  const auto &say = *english_;
  EXPECT_EQ(say("the lamp, the apple"), "ðə lˈæmp, ði ˈæpᵊl");
  EXPECT_EQ(say("send to a lamp."), "sˈɛnd tə ɐ lˈæmp.");
}

TEST_F(English, InitialsAreSpelledAndStrangersSounded) {
  const auto &say = *english_;
  EXPECT_EQ(say("PDF"), "pˈidˈiˈɛf");
  const auto stranger = say("zhangwei");
  EXPECT_FALSE(stranger.empty());
  EXPECT_EQ(stranger.find("ː"), std::string::npos);
  EXPECT_EQ(say("lamp/box"), "lˈæmp bˈɑks");
  EXPECT_EQ(say(""), "");
}

TEST_F(English, ABrokenLexiconIsSaid) {
  ASSERT_TRUE(write_file(file_, "{\"a\":"));
  EXPECT_FALSE(EnglishPhonemes::open(file_));
}

} // namespace
} // namespace yanxing::speech
