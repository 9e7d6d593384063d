#include "action/policy.h"

#include "action/registry.h"
#include "bench.h"
#include "support/source.h"

namespace yanxing::action {
namespace {

class Policy : public testing::Test {
protected:
  Bench bench;
  Registry registry = *Registry::load(test::source("actions"));

  Judgement judged(const std::string &name, const Json &arguments, Language language = Language::kChinese) {
    return judge(registry.find(name), {name, arguments, ""}, bench.screen, bench.contacts, language);
  }
};

TEST_F(Policy, SharingAsksByTheFullNameOfWhoGetsIt) {
  const auto asked = judged("share", {{"target", "current_table"}, {"recipient", "李经理"}});
  EXPECT_EQ(asked.verdict, Verdict::kAsk);
  EXPECT_EQ(asked.question, "要把预算表发给李建国吗？");
  EXPECT_EQ(judged("share", {{"target", "current_table"}, {"recipient", "李敏"}}, Language::kEnglish).question,
            "Send 预算表 to 李敏?");
}

TEST_F(Policy, SafeActionsRun) { EXPECT_EQ(judged("set_volume", {{"level", 30}}).verdict, Verdict::kRun); }

TEST_F(Policy, AmbiguousUnknownAndMissingAreAskedBack) {
  const auto both = judged("share", {{"target", "current_table"}, {"recipient", "李"}});
  EXPECT_EQ(both.verdict, Verdict::kClarify);
  EXPECT_EQ(both.options, (std::vector<std::string>{"李建国", "李敏"}));
  EXPECT_EQ(both.question, "是李建国还是李敏？");
  EXPECT_EQ(both.parameter, "recipient");
  EXPECT_EQ(judged("share", {{"target", "current_table"}, {"recipient", "eve@example.org"}}).verdict,
            Verdict::kClarify);
  EXPECT_EQ(judged("share", {{"recipient", "李敏"}}).parameter, "target");
  EXPECT_EQ(judged("click", {{"target", "button_99"}}).verdict, Verdict::kClarify);
}

TEST_F(Policy, TheSameEntryTwiceIsOnePersonAndNamesakesShowTheirAddress) {
  bench.contacts.push_back(bench.contacts[1]);
  EXPECT_EQ(judged("share", {{"target", "current_table"}, {"recipient", "李敏"}}).verdict, Verdict::kAsk);
  bench.contacts.push_back({"李敏", "other@example.com", "", {}});
  const auto asked = judged("share", {{"target", "current_table"}, {"recipient", "李敏"}});
  EXPECT_EQ(asked.verdict, Verdict::kClarify);
  EXPECT_NE(asked.question.find("other@example.com"), std::string::npos);
}

TEST_F(Policy, WhatBreaksTheSchemaOrTheRegistryIsRefused) {
  EXPECT_EQ(judged("set_volume", {{"level", 101}}).verdict, Verdict::kRefuse);
  EXPECT_EQ(judged("set_volume", {{"level", "loud"}}).verdict, Verdict::kRefuse);
  EXPECT_EQ(judged("set_volume", {{"level", 1}, {"extra", 1}}).verdict, Verdict::kRefuse);
  EXPECT_EQ(judged("scroll", {{"direction", "sideways"}}).verdict, Verdict::kRefuse);
  EXPECT_EQ(judged("share", {{"target", Json::array({"current_table"})}, {"recipient", "李敏"}}).verdict,
            Verdict::kRefuse);
  EXPECT_EQ(judged("format_disk", Json::object()).verdict, Verdict::kRefuse);
  EXPECT_EQ(judged("set_volume", {{"level", "\xff"}}).verdict, Verdict::kRefuse); // not UTF-8: said, not thrown
}

TEST_F(Policy, ForbiddenIsRefusedAndOddToolsDoNotCrash) {
  const auto tools = Json::parse(R"([{"name":"wipe","risk":"forbidden"},
    {"name":"give","risk":"confirm","run":{"builtin":"share"}},
    {"name":"pick","parameters":{"properties":{"which":{"type":"array","x-kind":"element"},
      "tags":{"type":"array","items":{"type":"string","maxLength":3},"maxItems":2}}}}])");
  const auto odd = Registry::from_json(tools, "odd");
  ASSERT_TRUE(odd);
  const auto verdict = [&](const std::string &name, const Json &arguments) {
    return judge(odd->find(name), {name, arguments, ""}, bench.screen, bench.contacts, Language::kEnglish).verdict;
  };
  EXPECT_EQ(verdict("wipe", Json::object()), Verdict::kRefuse);
  EXPECT_EQ(verdict("give", Json::object()), Verdict::kAsk);
  EXPECT_EQ(verdict("pick", {{"which", Json::array({"button_1"})}}), Verdict::kRefuse);
  EXPECT_EQ(verdict("pick", {{"tags", {"abc", "d"}}}), Verdict::kRun);
  EXPECT_EQ(verdict("pick", {{"tags", {"abcd"}}}), Verdict::kRefuse);
  EXPECT_EQ(verdict("pick", {{"tags", {1}}}), Verdict::kRefuse);
  EXPECT_EQ(verdict("pick", {{"tags", {"a", "b", "c"}}}), Verdict::kRefuse);
}

TEST(HeardYes, OnlyAPlainYesIsAYes) {
  for (const auto *yes : {"好的", "好的，发吧", "是", "嗯，发吧。", "没问题", "没错", "对对对", "可以！", "行", "确定",
                          "Yes.", "yes please", "OK, go ahead", "Sure, send it", "y"}) {
    EXPECT_EQ(heard_yes(yes), std::optional(true)) << yes;
  }
  for (const auto *no : {"不", "不要", "别发", "等一下", "好像不对", "no", "No wait", "don't send it", "yes, no, stop",
                         "取消", "不是，发给王芳"}) {
    EXPECT_EQ(heard_yes(no), std::optional(false)) << no;
  }
  for (const auto *neither : {"", "发给谁？", "发给王芳", "今天天气好", "是谁", "what?", "send it to Anna", "yesterday",
                              "ok?", "你好吗", "\xff\xfe"}) {
    EXPECT_EQ(heard_yes(neither), std::nullopt) << neither;
  }
}

} // namespace
} // namespace yanxing::action
