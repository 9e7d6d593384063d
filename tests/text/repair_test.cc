#include "text/repair.h"

#include "text/small_pinyin.h"

namespace yanxing::text {
namespace {

class Repairs : public SmallPinyin {
protected:
  std::string repair(const std::string &heard, const std::vector<KnownWord> &known) const {
    return Repairer(pinyin_).repair(heard, known).text;
  }
};

TEST_F(Repairs, HomophonesOfKnownWords) {
  EXPECT_EQ(repair("发给理经理", {{"李经理", 2}}), "发给李经理");
  EXPECT_EQ(repair("打开客厅的动", {{"客厅的灯", 1}, {"客厅", 1}}), "打开客厅的灯");
  EXPECT_EQ(repair("把预算标发给网房", {{"王芳", 2}, {"预算表", 1}}), "把预算表发给王芳");
}

TEST_F(Repairs, TellsWhatWasChangedAndWhere) {
  const auto repaired = Repairer(pinyin_).repair("发给理经理", {{"李经理", 2}});
  ASSERT_EQ(repaired.repairs.size(), 1U);
  EXPECT_EQ(repaired.repairs[0].from, "理经理");
  EXPECT_EQ(repaired.repairs[0].to, "李经理");
  EXPECT_EQ(repaired.repairs[0].at, 6U);
}

TEST_F(Repairs, PlacesAreThoseOfTheRepairedText) {
  const auto repaired =
      Repairer(pinyin_).repair("mail it to manager lee and to jang way", {{"Manager Li"}, {"Zhang Wei"}});
  EXPECT_EQ(repaired.text, "mail it to Manager Li and to Zhang Wei");
  ASSERT_EQ(repaired.repairs.size(), 2U);
  for (const auto &one : repaired.repairs) {
    EXPECT_EQ(repaired.text.substr(one.at, one.to.size()), one.to);
  }
}

TEST_F(Repairs, WhatIsRightStays) {
  EXPECT_EQ(repair("发给李经理", {{"李经理", 2}, {"李静里", 2}}), "发给李经理");
  EXPECT_EQ(repair("这里没有", {{"李梅", 2}}), "这里没有"); // halves of two common words
  EXPECT_EQ(repair("打开客厅的灯", {{"王芳", 2}}), "打开客厅的灯");
  EXPECT_EQ(repair("", {{"王芳", 2}}), "");
  EXPECT_EQ(repair("发给王芳", {}), "发给王芳");
}

TEST_F(Repairs, TwoWordsThatFitAsWellLeaveItAlone) {
  EXPECT_EQ(repair("发给网方", {{"王芳", 2}, {"亡方", 2}}), "发给网方");
  EXPECT_EQ(repair("发给里敏", {{"李敏", 2}, {"理敏", 2}}), "发给里敏");
}

TEST_F(Repairs, EnglishNamesBySound) {
  const std::vector<KnownWord> known{{"Li Jing", 2}, {"Wang Fang", 2}, {"Zhang Wei", 2}, {"Manager Li", 2}};
  EXPECT_EQ(repair("send this table to Lee Jing", known), "send this table to Li Jing");
  EXPECT_EQ(repair("send this to wong fong", known), "send this to Wang Fang");
  EXPECT_EQ(repair("send it to jang way please", known), "send it to Zhang Wei please");
  EXPECT_EQ(repair("mail it to manager lee", known), "mail it to Manager Li");
  EXPECT_EQ(repair("turn on the light in the living room", known), "turn on the light in the living room");
  EXPECT_EQ(repair("make sure every light is off", {{"Overhead Light"}}), "make sure every light is off");
  EXPECT_EQ(repair("how many batteries are low", {{"battery"}}), "how many batteries are low");
  EXPECT_EQ(repair("it is a long way", known), "it is a long way");
  EXPECT_EQ(repair("send it to Li Jing", known), "send it to Li Jing");
}

TEST_F(Repairs, EnglishValuesByTheWordBesideThem) {
  const std::vector<KnownWord> known{
      {"light roast"}, {"dark roast"}, {"skim milk"},           {"some skim milk"},   {"mocha"},
      {"sugar"},       {"cappuccino"}, {"lots of brown sugar"}, {"living room light"}};
  EXPECT_EQ(repair("a light rose mocca with some skin milk", known), "a light roast mocha with some skim milk");
  EXPECT_EQ(repair("a dark crost capicino with lots of brawn sugar", known),
            "a dark roast cappuccino with lots of brown sugar");
  EXPECT_EQ(repair("turn on the living room lights", known), "turn on the living room lights");
  EXPECT_EQ(repair("the light rows up", known), "the light rows up"); // too far
}

TEST_F(Repairs, CommonEnglishWordsStay) {
  const std::vector<KnownWord> known{{"Washer"}, {"white"}, {"update"}, {"yellow"}, {"skim milk"}};
  EXPECT_EQ(repair("is the water sensor wet", known), "is the water sensor wet");
  EXPECT_EQ(repair("what's the date today", known), "what's the date today");
  EXPECT_EQ(repair("are any batteries low", known), "are any batteries low");
  EXPECT_EQ(repair("with skin milk", known), "with skim milk") << "the word beside it vouches";
}

TEST_F(Repairs, LongSentencesAndManyWordsEnd) {
  std::string sentence;
  std::vector<KnownWord> known;
  for (int i = 0; i < 100; ++i) {
    sentence += "打开客厅的灯发给李经";
    known.push_back({"王芳" + std::string(i % 2 == 0 ? "李" : "敏"), 1});
  }
  EXPECT_EQ(repair(sentence, known), sentence);
}

} // namespace
} // namespace yanxing::text
