#include "speech/phrase_bias.h"

#include <gtest/gtest.h>

#include <map>

namespace yanxing::speech {
namespace {

class Phrases : public testing::Test {
protected:
  Phrases() {
    const std::vector<std::string> pieces{" sk",    "im",     "in", " milk", " skim", " s",
                                          " light", " Roast", "er", "李",    "经理"};
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      pieces_.add(pieces[i], static_cast<std::int32_t>(i));
    }
  }
  std::map<PhraseBias::Token, double> after(std::string_view written) const {
    const auto found = bias_.bonuses(written);
    return {found.begin(), found.end()};
  }

  ByteTree pieces_;
  PhraseBias bias_{pieces_};
};

TEST_F(Phrases, EveryWayToCutAWordGains) {
  bias_.add(" skim milk");
  const auto begin = after("coffee with");
  EXPECT_TRUE(begin.contains(0)); // " sk"
  EXPECT_TRUE(begin.contains(4)); // " skim"
  EXPECT_TRUE(begin.contains(5)); // " s"
  EXPECT_FALSE(begin.contains(6));
  const auto on = after("coffee with sk");
  EXPECT_TRUE(on.contains(1)); // "im"
  EXPECT_FALSE(on.contains(2)) << "\"in\" leads away from the phrase";
}

TEST_F(Phrases, TheMoreStandsThereTheStronger) {
  bias_.add(" light roast");
  const auto roast = after("a light");
  ASSERT_TRUE(roast.contains(7)) << "case makes no difference";
  EXPECT_GT(roast.at(7), after("").at(6)); // going on against beginning
}

TEST_F(Phrases, MandarinHasNoBlanks) {
  bias_.add("李经理");
  EXPECT_TRUE(after("发给").contains(9));
  EXPECT_TRUE(after("发给李").contains(10));
  EXPECT_FALSE(after("发给王").contains(10));
}

TEST_F(Phrases, NothingExpectedNothingChanged) { EXPECT_TRUE(after("whatever").empty()); }

} // namespace
} // namespace yanxing::speech
