#include "eval/scorer.h"

#include "eval/values.h"

#include <gtest/gtest.h>

namespace yanxing::eval {
namespace {

Json json(const char *text) { return Json::parse(text); }

action::Registry registry() {
  return action::Registry::from_json(json(R"([
    {"name":"share","parameters":{"properties":{"target":{"type":"string","x-kind":"element"},
        "recipient":{"type":"string","x-kind":"contact"}},"required":["target"]}},
    {"name":"set_temperature","parameters":{"properties":{"degrees":{"type":"number"},"room":{"type":"string"}}}},
    {"name":"tag","parameters":{"properties":{"labels":{"type":"array"}}}},
    {"name":"light_off","parameters":{"properties":{}}}])"),
                                     "test")
      .value();
}

Score scored(const char *gold, const char *predicted, const RewardTable &rewards = {}) {
  const auto known = registry();
  const auto wanted = gold_from_json(json(gold), "gold").value();
  const auto happened = prediction_from_json(Json{{"action", json(predicted)}}, "prediction").value();
  return score(wanted, happened, {&known, nullptr}, rewards);
}

TEST(Values, NumbersCompareByValue) {
  EXPECT_TRUE(same_value(26, 26.0));
  EXPECT_TRUE(same_value(26, "26"));
  EXPECT_TRUE(same_value("26", 26.0));
  EXPECT_TRUE(same_value("二十六", 26));
  EXPECT_FALSE(same_value(26, 62));
  EXPECT_FALSE(same_value(26, "26x"));
  EXPECT_FALSE(same_value(1, true)); // a flag is no number
  EXPECT_TRUE(same_value(true, "True"));
}

TEST(Values, TextsCompareWithoutCaseSpacesWidthAndScript) {
  EXPECT_TRUE(same_value("Living Room", "living  room"));
  EXPECT_TRUE(same_value("客廳", "客厅"));
  EXPECT_TRUE(same_value("ＷＰＳ表格", "wps表格"));
  EXPECT_FALSE(same_value("bedroom", "bathroom"));
  EXPECT_FALSE(same_value("李敏", "李明"));
}

TEST(Values, AlternativesAndWhatMayBeLeftOut) {
  const auto choice = json(R"({"any_of":["NY","New York",null]})");
  EXPECT_TRUE(accepts(choice, "new york", nullptr));
  EXPECT_FALSE(accepts(choice, "Boston", nullptr));
  EXPECT_TRUE(may_be_absent(choice, nullptr));
  EXPECT_TRUE(may_be_absent(json(R"({"any_of":["m",""]})"), nullptr));
  EXPECT_FALSE(may_be_absent(json(R"({"any_of":["m"]})"), nullptr));
  // A bare list is a list of alternatives only for a parameter that takes one value.
  const auto known = registry();
  const auto *room = known.find("set_temperature")->find("room");
  const auto *labels = known.find("tag")->find("labels");
  EXPECT_TRUE(accepts(json(R"(["bedroom","master bedroom"])"), "Bedroom", room));
  EXPECT_FALSE(accepts(json(R"(["a","b"])"), "a", labels));
  EXPECT_TRUE(accepts(json(R"(["a",2])"), json(R"(["A","2"])"), labels));
  EXPECT_FALSE(accepts(json(R"(["a","b"])"), json(R"(["b","a"])"), labels));
  EXPECT_TRUE(accepts(json(R"({"from":1,"to":{"any_of":[2,null]}})"), json(R"({"from":"1"})"), nullptr));
  EXPECT_FALSE(accepts(json(R"({"from":1})"), json(R"({"from":1,"more":2})"), nullptr));
}

TEST(Score, RightAndWrongArguments) {
  const auto right = scored(R"({"action":"set_temperature","degrees":26,"room":"Bedroom"})",
                            R"({"action":"set_temperature","room":"bedroom","degrees":26.0})");
  EXPECT_TRUE(right.exact);
  EXPECT_DOUBLE_EQ(right.f1(), 1);
  EXPECT_DOUBLE_EQ(right.reward, 1);

  const auto extra = scored(R"({"action":"set_temperature","degrees":26})",
                            R"({"action":"set_temperature","degrees":26,"room":"kitchen"})");
  EXPECT_FALSE(extra.exact);
  EXPECT_TRUE(extra.name_ok);
  EXPECT_DOUBLE_EQ(extra.precision(), 0.5);
  EXPECT_DOUBLE_EQ(extra.recall(), 1);
  EXPECT_DOUBLE_EQ(extra.reward, -5);

  const auto missing = scored(R"({"action":"set_temperature","degrees":26,"room":"kitchen"})",
                              R"({"action":"set_temperature","degrees":26})");
  EXPECT_FALSE(missing.exact);
  EXPECT_DOUBLE_EQ(missing.recall(), 0.5);

  const auto other = scored(R"({"action":"light_off"})", R"({"action":"set_temperature","degrees":26})");
  EXPECT_FALSE(other.name_ok);
  EXPECT_DOUBLE_EQ(other.f1(), 0);
}

TEST(Score, OptionalGoldArguments) {
  const auto *gold = R"({"action":"set_temperature","degrees":26,"room":{"any_of":[null,"bedroom"]}})";
  EXPECT_TRUE(scored(gold, R"({"action":"set_temperature","degrees":26})").exact);
  EXPECT_TRUE(scored(gold, R"({"action":"set_temperature","degrees":26,"room":"bedroom"})").exact);
  EXPECT_FALSE(scored(gold, R"({"action":"set_temperature","degrees":26,"room":"kitchen"})").exact);
}

TEST(Score, OrderOfCompoundActions) {
  const auto *swapped = R"({"actions":[{"action":"set_temperature","degrees":26},{"action":"light_off"}]})";
  const auto strict =
      scored(R"({"actions":[{"action":"light_off"},{"action":"set_temperature","degrees":26}]})", swapped);
  EXPECT_FALSE(strict.exact);
  EXPECT_FALSE(strict.name_ok);
  EXPECT_DOUBLE_EQ(strict.f1(), 1); // the arguments themselves are right
  EXPECT_TRUE(
      scored(R"({"actions":[{"action":"light_off"},{"action":"set_temperature","degrees":26}],"order":"any"})", swapped)
          .exact);
  // The first fits both, the second only one: a greedy match would fail.
  EXPECT_TRUE(
      scored(R"({"actions":[{"action":"set_temperature","degrees":{"any_of":[1,2]}},
                                    {"action":"set_temperature","degrees":1}],"order":"any"})",
             R"({"actions":[{"action":"set_temperature","degrees":1},{"action":"set_temperature","degrees":2}]})")
          .exact);
  EXPECT_FALSE(scored(R"({"actions":[{"action":"light_off"},{"action":"light_off"}],"order":"any"})",
                      R"({"action":"light_off"})")
                   .exact);
}

TEST(Score, AbstainingAndAsking) {
  const auto honest = scored(R"({"action":"none"})", R"({"action":"none","reply":"I can't do that."})");
  EXPECT_TRUE(honest.exact && honest.abstained && honest.should_abstain);
  EXPECT_DOUBLE_EQ(honest.reward, 1);
  EXPECT_DOUBLE_EQ(scored(R"({"action":"none"})", R"({"action":"light_off"})").reward, -5);
  const auto shy = scored(R"({"action":"light_off"})", R"({"action":"none"})");
  EXPECT_FALSE(shy.exact);
  EXPECT_DOUBLE_EQ(shy.reward, 0);
  RewardTable strict;
  strict.abstain = -1;
  EXPECT_DOUBLE_EQ(scored(R"({"action":"light_off"})", R"({"action":"none"})", strict).reward, -1);

  const auto gold = gold_from_json(json(R"({"action":"light_off"})"), "gold").value();
  EXPECT_DOUBLE_EQ(score(gold, {{Action{"light_off", Json::object(), ""}}, true, {}}).reward, -0.1);
  EXPECT_DOUBLE_EQ(score(gold, {}).reward, 0); // a row that failed did nothing
}

TEST(Score, ElementsByPlaceAndPeopleByMeaning) {
  const auto known = registry();
  const std::vector<Contact> contacts{{"李建国", "li@example.com", "", {"李经理"}}, {"王芳", "", "", {}}};
  auto gold = gold_from_json(json(R"({"action":"share","recipient":"李建国"})"), "gold").value();
  gold.box = Box{100, 100, 50, 20};
  auto line = json(R"({"action":{"action":"share","target":"e7","recipient":"李经理"},"target_box":[110,90,30,30]})");
  const Ground ground{&known, &contacts};
  EXPECT_TRUE(score(gold, prediction_from_json(line, "p").value(), ground).exact);
  line["target_box"] = json("[150,100,10,10]"); // its centre is outside
  EXPECT_FALSE(score(gold, prediction_from_json(line, "p").value(), ground).exact);
  line["target_box"] = nullptr;
  EXPECT_FALSE(score(gold, prediction_from_json(line, "p").value(), ground).exact);
  line["target_box"] = json("[110,90,30,30]");
  line["action"].erase("target");
  EXPECT_FALSE(score(gold, prediction_from_json(line, "p").value(), ground).exact);
  line["action"]["target"] = "e7";
  line["action"]["recipient"] = "王芳";
  EXPECT_FALSE(score(gold, prediction_from_json(line, "p").value(), ground).exact);
}

TEST(Score, MalformedGoldIsAnError) {
  for (const auto *bad :
       {"3", "[]", "{}", R"({"action":5})", R"({"actions":{}})", R"({"actions":[]})", R"({"actions":["x"]})"}) {
    const auto gold = gold_from_json(json(bad), "set.jsonl:7");
    ASSERT_FALSE(gold.ok()) << bad;
    EXPECT_NE(gold.error().what.find("set.jsonl:7"), std::string::npos) << bad;
  }
  EXPECT_FALSE(prediction_from_json(json(R"({"target_box":[1,2]})"), "p").ok());
}

} // namespace
} // namespace yanxing::eval
