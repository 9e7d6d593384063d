#include "eval/summary.h"

#include <gtest/gtest.h>

namespace yanxing::eval {
namespace {

TEST(Wilson, AgreesWithPublishedValues) {
  const auto ten = wilson(8, 10); // Newcombe 1998 and most calculators: 0.490 to 0.943
  EXPECT_NEAR(ten.low, 0.4902, 1e-3);
  EXPECT_NEAR(ten.high, 0.9433, 1e-3);
  const auto none = wilson(0, 20);
  EXPECT_DOUBLE_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 0.1611, 1e-3);
  EXPECT_DOUBLE_EQ(wilson(0, 0).low, 0);
  EXPECT_DOUBLE_EQ(wilson(0, 0).high, 1);
}

TEST(Percentile, InterpolatesBetweenRanks) {
  EXPECT_DOUBLE_EQ(percentile({3, 1, 2, 4}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(percentile({5}, 0.95), 5);
  EXPECT_DOUBLE_EQ(percentile({}, 0.5), 0);
  EXPECT_DOUBLE_EQ(percentile({0, 10, 20, 30, 40}, 0.95), 38);
}

TEST(TextErrors, ChineseCharactersAfterNormalisation) {
  const auto same = text_errors("设定二十九度。", "設定 29 度", Language::kChinese);
  EXPECT_EQ(same.errors, 0U);
  EXPECT_EQ(same.length, 5U); // 设定29度
  EXPECT_EQ(text_errors("打开客厅的灯", "打开客厅的动", Language::kChinese).errors, 1U);
  EXPECT_EQ(text_errors("打开客厅的灯", "", Language::kChinese).errors, 6U);
  EXPECT_EQ(text_errors("", "嗯", Language::kChinese).errors, 1U);
  EXPECT_EQ(text_errors("打开灯", "请打开灯吧", Language::kChinese).errors, 2U);
}

TEST(TextErrors, EnglishWordsWithoutCaseAndMarks) {
  const auto same = text_errors("WHAT'S THE WEATHER LIKE", "What’s the weather like?", Language::kEnglish);
  EXPECT_EQ(same.errors, 0U);
  EXPECT_EQ(same.length, 4U);
  EXPECT_EQ(text_errors("set it to twenty six degrees", "Set it to 26 degrees.", Language::kEnglish).errors, 0U);
  EXPECT_EQ(text_errors("turn the light off", "turn light of", Language::kEnglish).errors, 2U);
}

TEST(Summary, RatesPerTierAndOverAll) {
  Score right;
  right.exact = right.name_ok = true;
  right.arguments_expected = right.arguments_given = right.arguments_right = 2;
  right.reward = 1;
  Score wrong;
  wrong.arguments_expected = 2;
  wrong.arguments_given = 1;
  wrong.arguments_right = 1;
  wrong.reward = -5;
  Summary summary;
  summary.add({right, {}, Language::kEnglish, "light", 0.9, {{"total", 100}, {"asr", 40}}, false});
  summary.add({wrong, {}, Language::kEnglish, "large", 0.7, {{"total", 300}}, false});
  summary.add({{}, TextErrors{1, 10}, Language::kChinese, "", {}, {}, false});
  summary.add({wrong, {}, Language::kEnglish, "", {}, {}, true});
  const auto json = summary.to_json();
  EXPECT_NEAR(json["calibration"]["error"], 0.4, 1e-9); // 0.9 and right, 0.7 and wrong
  ASSERT_EQ(summary.decisions("large").size(), 1U);
  EXPECT_FALSE(summary.decisions("large").front().right);
  EXPECT_EQ(json["rows"], 4);
  EXPECT_EQ(json["errors"], 1);
  EXPECT_EQ(json["exact"]["n"], 3);
  EXPECT_NEAR(json["exact"]["rate"].get<double>(), 1.0 / 3, 1e-4);
  EXPECT_DOUBLE_EQ(json["argument"]["precision"].get<double>(), 1);
  EXPECT_NEAR(json["argument"]["recall"].get<double>(), 4.0 / 6, 1e-4);
  EXPECT_DOUBLE_EQ(json["reward"]["sum"].get<double>(), -9);
  EXPECT_DOUBLE_EQ(json["latency_ms"]["total"]["p50"].get<double>(), 200);
  EXPECT_DOUBLE_EQ(json["text"]["zh"]["cer"].get<double>(), 0.1);
  EXPECT_DOUBLE_EQ(json["tiers"]["light"]["exact"]["rate"].get<double>(), 1);
  EXPECT_DOUBLE_EQ(json["tiers"]["large"]["latency_ms"]["total"]["p95"].get<double>(), 300);
  EXPECT_FALSE(json["tiers"]["large"].contains("text"));
}

} // namespace
} // namespace yanxing::eval
