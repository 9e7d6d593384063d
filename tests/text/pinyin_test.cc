#include "text/small_pinyin.h"

#include <algorithm>

namespace yanxing::text {
namespace {

TEST_F(SmallPinyin, SpellingRulesAreUndone) {
  const auto one = [&](char32_t c) { return pinyin_->readings(c).at(0); };
  EXPECT_EQ(one(U'李'), (Syllable{"l", "i", 3}));
  EXPECT_EQ(one(U'有'), (Syllable{"", "iou", 3}));
  EXPECT_EQ(one(U'六'), (Syllable{"l", "iou", 4}));
  EXPECT_EQ(one(U'水'), (Syllable{"sh", "uei", 3}));
  EXPECT_EQ(one(U'春'), (Syllable{"ch", "uen", 1}));
  EXPECT_EQ(one(U'女'), (Syllable{"n", "v", 3}));
  EXPECT_EQ(one(U'学'), (Syllable{"x", "ve", 2}));
  EXPECT_EQ(one(U'云'), (Syllable{"", "vn", 2}));
  EXPECT_EQ(one(U'儿'), (Syllable{"", "er", 2}));
  EXPECT_EQ(one(U'的'), (Syllable{"d", "e", 5}));
  EXPECT_EQ(pinyin_->readings(U'行').size(), 2U);
  EXPECT_TRUE(pinyin_->readings(U'x').empty());
}

TEST_F(SmallPinyin, PhrasesGiveTheReadingInContext) {
  const auto read = pinyin_->read("银行a行");
  ASSERT_EQ(read.size(), 4U);
  EXPECT_EQ(read[1], (Syllable{"h", "ang", 2}));
  EXPECT_EQ(read[2], Syllable{});
  EXPECT_EQ(read[3], (Syllable{"x", "ing", 2}));
}

TEST_F(SmallPinyin, WithoutPhrasesCharactersAreRead) {
  std::filesystem::remove(folder_ / "phrases_dict.json");
  const auto alone = Pinyin::open(folder_);
  ASSERT_TRUE(alone);
  EXPECT_EQ((*alone)->read("银行").at(1), (Syllable{"x", "ing", 2}));
}

TEST_F(SmallPinyin, BrokenTablesAreSaid) {
  ASSERT_TRUE(write_file(folder_ / "pinyin_dict.json", R"({"26446":"l)"));
  EXPECT_FALSE(Pinyin::open(folder_));
  ASSERT_TRUE(write_file(folder_ / "pinyin_dict.json", "[]"));
  EXPECT_FALSE(Pinyin::open(folder_));
  EXPECT_FALSE(Pinyin::open(folder_ / "nowhere"));
}

TEST(SoundDistance, NearSoundsAreNear) {
  const Syllable li{"l", "i", 3};
  EXPECT_EQ(sound_distance(li, li), 0);
  EXPECT_LE(sound_distance(li, {"l", "i", 4}), 0.11);
  EXPECT_LT(sound_distance(li, {"n", "i", 3}), sound_distance(li, {"m", "i", 3}));
  EXPECT_LT(sound_distance({"zh", "en", 1}, {"z", "eng", 1}), 0.2);
  EXPECT_GT(sound_distance(li, {"g", "ong", 1}), 0.8);
  const Syllable fang{"f", "ang", 1};
  EXPECT_EQ(sound_distance(li, fang), sound_distance(fang, li));
}

} // namespace
} // namespace yanxing::text
