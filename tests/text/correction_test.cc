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

} // namespace
} // namespace yanxing::text
