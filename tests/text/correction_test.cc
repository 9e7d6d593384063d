#include "text/correction.h"

#include <gtest/gtest.h>

namespace yanxing::text {
namespace {

TEST(Correction, IsHeardInBothLanguages) {
  for (const auto *words :
       {"不对，发给王芳", "不对发给王芳", "不是，我要的是客厅的灯", "错了，是明天", "我说的是李敏", "No, to Anna",
        "no not that one, the lamp", "I meant the kitchen", "Wrong. Send it to Tom"}) {
    EXPECT_TRUE(corrects_last_turn(words)) << words;
  }
}

TEST(Correction, IsNotSeenWhereNothingIsPutRight) {
  for (const auto *words : {"不对", "不", "no", "No.", "不是很亮，调亮一点", "note that I am away", "nothing else",
                            "把这个表格发给李经理", "turn on the lamp", ""}) {
    EXPECT_FALSE(corrects_last_turn(words)) << words;
  }
}

Action share(const Json &arguments) { return {"share", arguments, ""}; }

TEST(Correction, OfWhatWasSaidInFullIsAChangeOfMind) {
  EXPECT_TRUE(is_change_of_mind("把这个表格发给李敏", share({{"target", "current_table"}, {"recipient", "李敏"}}),
                                share({{"target", "current_table"}, {"recipient", "王芳"}})));
  EXPECT_TRUE(is_change_of_mind("Send it to Anna at 5", share({{"recipient", "Anna"}, {"hour", 5}}),
                                share({{"recipient", "Anna"}, {"hour", 6}})));
}

TEST(Correction, OfWhatWasGuessedIsALesson) {
  EXPECT_FALSE(is_change_of_mind("把这个发给王芳", share({{"target", "current_document"}, {"recipient", "王芳"}}),
                                 share({{"target", "current_table"}, {"recipient", "王芳"}})));
  EXPECT_FALSE(
      is_change_of_mind("send it to the boss", share({{"recipient", "Anna"}}), share({{"recipient", "John"}})));
  EXPECT_FALSE(is_change_of_mind("send it to Anna", share({{"recipient", "Anna"}}), {"open", {{"app", "mail"}}, ""}));
  EXPECT_FALSE(is_change_of_mind("send it to Anna", share({{"recipient", "Anna"}}),
                                 share({{"recipient", "Anna"}, {"target", "current_table"}})))
      << "an argument was left out";
}

} // namespace
} // namespace yanxing::text
