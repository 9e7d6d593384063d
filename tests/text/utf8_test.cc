#include "text/utf8.h"

#include <gtest/gtest.h>

namespace yanxing::text {
namespace {

TEST(Utf8, RoundTripsEveryLength) {
  const std::string text = "aé李😀";
  EXPECT_EQ(to_code_points(text), U"aé李😀");
  EXPECT_EQ(to_utf8(to_code_points(text)), text);
}

TEST(Utf8, BytesThatAreNoUtf8BecomeTheReplacement) {
  EXPECT_EQ(to_code_points("\xFF"), U"�");
  EXPECT_EQ(to_code_points("a\xE6\x9D"), U"a�"); // cut short
  EXPECT_EQ(to_code_points("\xE6\x9D"
                           "b"),
            U"�b");                                    // cut by another
  EXPECT_EQ(to_code_points("\xC0\x80"), U"��");        // overlong
  EXPECT_EQ(to_code_points("\xED\xA0\x80"), U"�");     // surrogate
  EXPECT_EQ(to_code_points("\xF4\x90\x80\x80"), U"�"); // beyond the last
}

TEST(Utf8, AnyTwoBytesGiveAValidText) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string bytes{static_cast<char>(a), static_cast<char>(b)};
      const auto valid = to_utf8(to_code_points(bytes));
      EXPECT_EQ(to_utf8(to_code_points(valid)), valid);
    }
  }
}

} // namespace
} // namespace yanxing::text
