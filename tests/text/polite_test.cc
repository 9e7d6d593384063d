#include "text/polite.h"

#include <gtest/gtest.h>

namespace yanxing::text {
namespace {

TEST(Polite, HearsADontAsOne) {
  for (const auto *words : {"别发给李经理", "不要把这个表格发出去", "算了", "先别关灯"}) {
    EXPECT_EQ(reply_to_nothing(words), "好的，不做。") << words;
  }
  for (const auto *words : {"Don't send this to Anna.", "never mind", "Forget it!", "please don't turn it off"}) {
    EXPECT_EQ(reply_to_nothing(words), "Okay, I won't.") << words;
  }
}

TEST(Polite, AnswersGreetingsAndThanks) {
  EXPECT_EQ(reply_to_nothing("谢谢你"), "不客气。");
  EXPECT_EQ(reply_to_nothing("Thank you!"), "You're welcome.");
  EXPECT_EQ(reply_to_nothing("你好"), "我在，请说。");
  EXPECT_EQ(reply_to_nothing("Hi"), "I'm here. What shall I do?");
}

TEST(Polite, DeclinesWhatWasAskedForAndCannotBeDone) {
  EXPECT_EQ(reply_to_nothing("订一张去上海的机票"), "这个我现在做不了。");
  EXPECT_EQ(reply_to_nothing("highlight the second row"), "I can't do that here.");
  EXPECT_EQ(reply_to_nothing("hide the window"), "I can't do that here.");
}

} // namespace
} // namespace yanxing::text
