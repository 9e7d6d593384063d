#include "eval/reward.h"

#include <gtest/gtest.h>

#include <cmath>

namespace yanxing::eval {
namespace {

Rewards rewards_of(const char *recipe) {
  auto rewards = Rewards::from_json(Json::parse(recipe), "recipe");
  if (!rewards) {
    throw std::runtime_error(rewards.error().message());
  }
  return std::move(*rewards);
}

std::string error_of(const char *recipe) {
  const auto rewards = Rewards::from_json(Json::parse(recipe), "recipe");
  return rewards ? "" : rewards.error().message();
}

class RewardTest : public testing::Test {
protected:
  Completion completion(const char *text) {
    Completion one;
    one.text = text;
    one.gold = &gold_;
    one.ground.registry = &registry_;
    return one;
  }
  double total(const char *recipe, const char *text) {
    const auto given = rewards_of(recipe)({completion(text)});
    EXPECT_TRUE(given) << given.error().message();
    return given->total.at(0);
  }

  action::Registry registry_ = *action::Registry::from_json(
      Json::parse(
          R"([{"name":"set_volume","parameters":{"type":"object","properties":{"level":{"type":"integer"}}}}])"),
      "tools");
  Gold gold_ = *gold_from_json(Json::parse(R"({"action":"set_volume","level":30})"), "gold");
};

TEST_F(RewardTest, TheTableIsTheScorers) {
  const auto *recipe = R"({"success":2,"wrong_action":-7,"ask":-0.25,"abstain":0.125})";
  EXPECT_EQ(total(recipe, R"({"action":"set_volume","level":30})"), 2);
  EXPECT_EQ(total(recipe, R"({"action":"set_volume","level":31})"), -7);
  EXPECT_EQ(total(recipe, R"({"action":"none"})"), 0.125);
  EXPECT_EQ(total(recipe, R"({"action":"none","asked":true})"), -0.25);
  EXPECT_EQ(total(recipe, "turn it up"), -7);
  EXPECT_EQ(total("{}", R"({"action":"set_volume","level":30})"), 1);
  EXPECT_EQ(total("{}", "nonsense"), -5);
}

TEST_F(RewardTest, WhatASimulatorSaysStandsForTheOutcome) {
  auto judged = completion("{}");
  judged.gold = nullptr;
  judged.environment = -0.1;
  const auto given = rewards_of("{}")({judged});
  ASSERT_TRUE(given);
  EXPECT_EQ(given->total[0], -0.1);
  judged.environment.reset();
  const auto lacking = rewards_of("{}")({completion(R"({"action":"none"})"), judged});
  ASSERT_FALSE(lacking);
  EXPECT_NE(lacking.error().what.find("completion 2"), std::string::npos) << lacking.error().what;
}

TEST_F(RewardTest, TermsAreWeightedAndSummed) {
  const auto *recipe = R"({"outcome":2,"format":0.5,"arguments":{"weight":0.25}})";
  EXPECT_DOUBLE_EQ(total(recipe, R"({"action":"set_volume","level":30})"), 2 + 0.5 + 0.25);
  EXPECT_DOUBLE_EQ(total(recipe, R"({"action":"set_volume","level":31})"), -10 + 0.5);
  EXPECT_DOUBLE_EQ(total(recipe, R"({"action":"set_volume","loud":30})"), -10);
  EXPECT_DOUBLE_EQ(total(R"({"outcome":0,"format":1})", "x"), 0);
}

TEST_F(RewardTest, LengthFallsSoftlyFromTheCacheOn) {
  auto rewards = rewards_of(R"({"outcome":0,"length":{"soft_max_length":100,"soft_cache_length":20}})");
  const auto at = [&](std::int64_t tokens) {
    auto one = completion("x");
    one.tokens = tokens;
    return rewards({one})->total[0];
  };
  EXPECT_EQ(at(0), 0);
  EXPECT_EQ(at(80), 0);
  EXPECT_DOUBLE_EQ(at(90), -0.5);
  EXPECT_EQ(at(100), -1);
  EXPECT_EQ(at(5000), -1);
}

TEST_F(RewardTest, RepetitionCountsNGramsThatWereThereBefore) {
  const auto *recipe = R"({"outcome":0,"repetition":{"n_grams":2,"max_penalty":-1}})";
  EXPECT_DOUBLE_EQ(total(recipe, "a b c d"), 0);
  EXPECT_DOUBLE_EQ(total(recipe, "a b a b a"), -(1 - 2.0 / 4.0)); // ab ba ab ba
  EXPECT_DOUBLE_EQ(total(recipe, "好好好"), -0.5);
  EXPECT_DOUBLE_EQ(total(recipe, ""), 0);
}

TEST(RewardRecipe, SaysWhatIsWrongWithIt) {
  EXPECT_NE(error_of(R"({"sucess":1})").find("sucess"), std::string::npos);
  EXPECT_NE(error_of(R"({"sucess":1})").find("wrong_action"), std::string::npos); // what would be right
  EXPECT_FALSE(error_of(R"({"success":"much"})").empty());
  EXPECT_FALSE(error_of(R"({"wrong_action":-1e9})").empty());
  EXPECT_FALSE(error_of(R"([1])").empty());
  EXPECT_NE(error_of(R"({"length":{"max":3}})").find("soft_max_length"), std::string::npos);
  EXPECT_FALSE(error_of(R"({"length":{"soft_max_length":10,"soft_cache_length":11}})").empty());
  EXPECT_FALSE(error_of(R"({"format":true})").empty());
  EXPECT_FALSE(error_of(R"({"plugins":{}})").empty());
  EXPECT_FALSE(error_of(R"({"plugins":[{"command":"python3 x.py"}]})").empty());
  EXPECT_FALSE(error_of(R"({"plugins":[{"command":[]}]})").empty());
  EXPECT_FALSE(error_of(R"({"plugins":[{"command":["cat"],"timeout":1}]})").empty());
  EXPECT_FALSE(error_of(R"({"plugins":[{"command":["cat"],"timeout_s":0}]})").empty());
  EXPECT_FALSE(error_of(R"({"plugins":[{"command":["/no/such/program"]}]})").empty());
}

// Plugins are played by small scripts of the shell, one answer a line.
std::string plugin(const std::string &script, const std::string &more = "") {
  return Json{
      {"outcome", 0},
      {"plugins", Json::array({Json::parse(R"({"command":["sh","-c",)" + Json(script).dump() + "]" + more + "}")})}}
      .dump();
}

class PluginTest : public RewardTest {
protected:
  std::string failure(const std::string &script, const std::string &more = "") {
    auto rewards = rewards_of(plugin(script, more).c_str());
    const auto given = rewards({completion("a"), completion("b")});
    EXPECT_FALSE(given) << script;
    return given ? "" : given.error().message();
  }
};

TEST_F(PluginTest, OneProcessServesManyBatches) {
  auto rewards = rewards_of(
      plugin(R"(n=0; while read line; do n=$((n+1)); echo "[$n,0.5]"; done)", R"(,"weight":2,"name":"mine")").c_str());
  for (int batch = 1; batch <= 3; ++batch) {
    const auto given = rewards({completion("a"), completion("b")});
    ASSERT_TRUE(given) << given.error().message();
    EXPECT_EQ(given->total, (std::vector<double>{2.0 * batch, 1.0}));
    EXPECT_EQ(given->functions.at(0).first, "mine");
    EXPECT_EQ(given->functions.at(0).second.at(0), batch);
  }
}

TEST_F(PluginTest, GetsCompletionsAndEveryColumn) {
  const Json first{{"transcript", "开灯"}, {"level", 3}};
  const Json second{{"transcript", "关灯"}};
  auto a = completion("x\ny");
  auto b = completion("z");
  a.row = &first;
  b.row = &second;
  const auto wanted =
      Json{{"completions", {"x\ny", "z"}}, {"transcript", {"开灯", "关灯"}}, {"level", {3, nullptr}}}.dump();
  auto rewards = rewards_of(plugin("read -r line; if [ \"$line\" = '" + wanted +
                                   "' ]; then echo '{\"rewards\":[1,null]}'; else echo \"$line\" >&2; fi")
                                .c_str());
  const auto given = rewards({a, b});
  ASSERT_TRUE(given) << given.error().message();
  EXPECT_EQ(given->total, (std::vector<double>{1, 0}));
  EXPECT_TRUE(std::isnan(given->functions.at(0).second.at(1)));
}

TEST_F(PluginTest, WhatGoesWrongIsSaid) {
  EXPECT_NE(failure("read l; echo '[1]'").find("1 numbers for 2"), std::string::npos);
  EXPECT_NE(failure("read l; echo hello").find("hello"), std::string::npos);
  EXPECT_NE(failure("read l; echo '[1,\"x\"]'").find("completion 2"), std::string::npos);
  EXPECT_NE(failure("read l; echo '{\"error\":\"no such column\"}'").find("no such column"), std::string::npos);
  EXPECT_NE(failure("read l; echo '7'").find("list of numbers"), std::string::npos);
  EXPECT_NE(failure("read l; echo 'Traceback: boom' >&2; exit 3").find("boom"), std::string::npos);
  EXPECT_NE(failure("read l; exit 3").find("exited with 3"), std::string::npos);
  EXPECT_NE(failure("exit 0").find("before it answered"), std::string::npos);
  EXPECT_NE(failure("read l; kill -9 $$").find("signal 9"), std::string::npos);
  EXPECT_NE(failure("read l; printf '[1,2]\\n[3,4]\\n'; sleep 5").find("more than one line"), std::string::npos);
  EXPECT_NE(failure("read l; sleep 30", R"(,"timeout_s":0.2)").find("did not answer within 200 ms"), std::string::npos);
}

TEST_F(PluginTest, AfterAFailureItStaysEnded) {
  auto rewards = rewards_of(plugin("read l; exit 1").c_str());
  EXPECT_FALSE(rewards({completion("a")}));
  EXPECT_FALSE(rewards({completion("a")}));
}

} // namespace
} // namespace yanxing::eval
