#include "text/evidence.h"
#include "text/requests.h"
#include "text/slots.h"
#include "text/when.h"

#include <gtest/gtest.h>

namespace yanxing::text {
namespace {

ActionSpec light_spec() {
  ActionSpec spec;
  spec.name = "light_on";
  spec.description.en = "Turn on a light";
  const auto parameter = [](const char *name, Json schema, bool required) {
    return parameter_from_schema(name, schema, required);
  };
  spec.parameters = {parameter("name", {{"type", "string"}, {"enum", {"bedroom lamp", "kitchen ceiling"}}}, false),
                     parameter("area", {{"type", "string"}, {"enum", {"bedroom", "kitchen"}}}, false),
                     parameter("brightness", {{"type", "integer"}, {"minimum", 0}, {"maximum", 100}}, false)};
  return spec;
}

TEST(Fold, MakesWordsComparable) {
  EXPECT_EQ(fold("Bedroom_Lamp"), "bedroom lamp");
  EXPECT_EQ(fold("ＡＢＣ１２"), "abc12");
  EXPECT_EQ(fold("把这个表格"), "把这个表格");
}

TEST(Mention, RespectsWordBoundariesAndInflections) {
  EXPECT_DOUBLE_EQ(find_mention("turn on the bedroom lamp", "Bedroom Lamp")->score, 1.0);
  EXPECT_FALSE(find_mention("category five", "cat").has_value());
  EXPECT_DOUBLE_EQ(find_mention("turn on the bedroom lamps", "bedroom lamp")->score, 0.95);
  EXPECT_DOUBLE_EQ(find_mention("a lot of brown sugar", "a lot of sugar")->score, 0.8);
  EXPECT_EQ(find_mention("coffee with lots of sugar please", "lots of sugar")->span.begin, 12U);
  EXPECT_DOUBLE_EQ(find_mention("打开客厅的灯", "客厅")->score, 1.0);
  EXPECT_LT(find_mention("kitchen please", "kitchen ceiling")->score, 0.7);
}

TEST(Slots, AWordThatCountsLeavesTheArgumentToTheModel) {
  ActionSpec spec;
  spec.name = "turn_off";
  spec.parameters = {
      parameter_from_schema("name", {{"type", "string"}, {"enum", {"bedroom lamp", "all", "所有"}}}, false)};
  for (const auto *words : {"turn off all the lights", "关掉所有的灯"}) {
    const auto presence = slots_for(spec, words, nullptr, nullptr).at(0).presence;
    EXPECT_LT(presence, 0) << words;
    EXPECT_GT(presence, -2) << words;
  }
  EXPECT_EQ(slots_for(spec, "turn off the bedroom lamp", nullptr, nullptr).at(0).presence, Slot::kCertain);
}

TEST(Slots, CodesMayBeImpliedThingsMustBeNamed) {
  ActionSpec spec;
  spec.name = "get_state";
  spec.parameters = {
      parameter_from_schema("name", {{"type", "string"}, {"enum", {"Water Pipes", "Front Door"}}}, false),
      parameter_from_schema("class", {{"type", "string"}, {"enum", {"moisture", "motion"}}}, false),
      parameter_from_schema("state", {{"type", "string"}, {"enum", {"ON", "OFF"}}}, false)};
  for (const auto *words : {"is it wet", "有没有漏水"}) {
    const auto slots = slots_for(spec, words, nullptr, nullptr);
    EXPECT_GE(slots[1].presence, -1) << words;
    EXPECT_GE(slots[2].presence, -1) << words;
    EXPECT_LT(slots[0].presence, slots[1].presence) << words;
  }
  EXPECT_EQ(slots_for(spec, "is it wet", nullptr, nullptr)[0].presence, Slot::kNever);
  EXPECT_LT(slots_for(spec, "are any water sensors wet", nullptr, nullptr)[0].presence, -2) << "named in part only";
}

TEST(Mentions, APluralNamesItsWord) {
  for (const auto &[words, phrase] :
       {std::pair{"which batteries are low", "battery"}, std::pair{"play all movies", "movie"},
        std::pair{"are the lights on", "light"}, std::pair{"which batteries are charging", "battery_charging"}}) {
    const auto mention = find_mention(fold(words), phrase);
    ASSERT_TRUE(mention.has_value()) << words;
    EXPECT_GE(mention->score, 0.9) << words;
  }
}

TEST(Slots, WhoCountsThingsMeansNoSingleOneOfThem) {
  ActionSpec spec;
  spec.name = "get_state";
  spec.parameters = {
      parameter_from_schema("name", {{"type", "string"}, {"enum", {"Motion sensor", "Overhead Light", "厨房的灯"}}},
                            false),
      parameter_from_schema("area", {{"type", "string"}, {"enum", {"Kitchen", "客厅"}}}, false)};
  const auto presence = [&](const char *words, std::size_t slot) {
    return slots_for(spec, words, nullptr, nullptr).at(slot).presence;
  };
  EXPECT_LT(presence("are any motion sensors triggered", 0), -2) << "the kind in the plural";
  EXPECT_EQ(presence("is the motion sensor triggered", 0), Slot::kCertain);
  EXPECT_EQ(presence("switch off every light in the kitchen", 0), Slot::kNever) << "a part of a name";
  EXPECT_EQ(presence("switch off every light in the kitchen", 1), Slot::kCertain) << "the place is named";
  EXPECT_EQ(presence("关掉客厅所有的灯", 0), Slot::kNever);
  EXPECT_EQ(presence("关掉客厅所有的灯", 1), Slot::kCertain);
}

TEST(Slots, WordsGoToTheLongestName) {
  const auto slots = slots_for(light_spec(), "turn on the bedroom lamp", nullptr, nullptr);
  EXPECT_GT(slots[0].presence, 0);        // the lamp is named
  EXPECT_LT(slots[1].presence, 0);        // and its words are not also the area
  EXPECT_LT(slots[2].presence, 0);        // no number was said
  ASSERT_EQ(slots[0].choices.size(), 1U); // what is named in full leaves no choice to the others
  EXPECT_EQ(slots[0].choices[0].value, "bedroom lamp");
}

TEST(Slots, NumbersComeFromTheWordsWithinTheRange) {
  const auto slots = slots_for(light_spec(), "set the kitchen to 40 not 400", nullptr, nullptr);
  ASSERT_EQ(slots[2].choices.size(), 1U);
  EXPECT_EQ(slots[2].choices[0].value, 40);
  EXPECT_GT(slots[1].presence, 0);
}

TEST(Slots, ANumberTooLargeToBeExactIsNone) {
  const ActionSpec spec{"count", {}, {parameter_from_schema("n", {{"type", "integer"}}, true)}, {}, {}, {}, {}, {}};
  for (const auto &digits : {std::string(26, '9'), std::string(400, '9')}) {
    EXPECT_TRUE(slots_for(spec, "count to " + digits, nullptr, nullptr).at(0).choices.empty()) << digits;
  }
  EXPECT_EQ(slots_for(spec, "count to 9007199254740991", nullptr, nullptr).at(0).choices.at(0).value, 9007199254740991);
}

TEST(People, TheLongestNameWins) {
  const std::vector<Contact> contacts{{"李建国", "a@b.c", "", {"李经理"}}, {"李经", "x@b.c", "", {}}};
  EXPECT_EQ(people_named("把这个发给李经理", contacts), std::vector<std::string>{"李经理"});
  EXPECT_TRUE(people_named("发给王芳", contacts).empty());
}

TEST(Elements, KindAndDeixisPointAtTheCurrentOne) {
  Screen screen;
  screen.elements = {{"tab_1", "tab", "Sheet1", "", {}, {}, "", 0, 0},
                     {"current_table", "table", "budget", "", {}, {}, "", 8, 5},
                     {"button_1", "button", "保存", "", {}, {}, "", 0, 0}};
  EXPECT_EQ(match_elements("把这个表格发给李经理", screen).front().element->id, "current_table");
  EXPECT_EQ(match_elements("点一下保存", screen).front().element->id, "button_1");
}

TEST(Evidence, NumbersHaveSignsAndLists) {
  const auto numbers = [](const std::string &text) {
    std::vector<double> values;
    for (const auto &number : find_numbers(fold(text))) {
      values.push_back(number.value);
    }
    return values;
  };
  using List = std::vector<double>;
  EXPECT_EQ(numbers("a = 3, b = -11, c=-4"), (List{3, -11, -4}));
  EXPECT_EQ(numbers("85,90, 88 and 1,200.5"), (List{85, 90, 88, 1200.5}));
  EXPECT_EQ(numbers("set it to minus 5"), (List{-5}));
  EXPECT_EQ(numbers("调到零下18度"), (List{-18}));
  EXPECT_EQ(numbers("on 2024-05-06, wi-fi-6"), (List{2024, 5, 6, 6}));
}

TEST(Evidence, NumbersInWords) {
  const auto numbers = [](const std::string &text) {
    std::vector<double> values;
    for (const auto &number : find_numbers(fold(text))) {
      values.push_back(number.value);
    }
    return values;
  };
  using List = std::vector<double>;
  EXPECT_EQ(numbers("set it to one hundred percent"), (List{100}));
  EXPECT_EQ(numbers("twenty-six degrees and one lamp"), (List{26, 1}));
  EXPECT_EQ(numbers("two point five and 3"), (List{2.5, 3}));
  EXPECT_EQ(numbers("把空调调到二十六度"), (List{26}));
  EXPECT_EQ(numbers("亮度百分之三十，音量调到五"), (List{30, 5}));
  EXPECT_EQ(numbers("调到零下十八度"), (List{-18}));
  EXPECT_EQ(numbers("来两杯咖啡"), (List{2}));
  EXPECT_EQ(numbers("打开一下第二个窗口，发一个给三星"), (List{}));
  EXPECT_EQ(numbers("下午三点五十"), (List{3, 50}));
  EXPECT_TRUE(find_numbers("百分之三十").front().percent);
  EXPECT_TRUE(find_numbers("thirty percent").front().percent);
  EXPECT_FALSE(find_numbers("三十度").front().percent);
  EXPECT_EQ(find_numbers("把空调调到二十六度").front().span.end, std::string("把空调调到二十六").size());
}

TEST(Requests, PartAtConnectorsAndVerbsOnly) {
  using List = std::vector<std::string>;
  EXPECT_EQ(split_requests("关灯然后把空调调到26度", {}), (List{"关灯", "把空调调到26度"}));
  EXPECT_EQ(split_requests("turn off the light and set the volume to 20", {}),
            (List{"turn off the light", "set the volume to 20"}));
  EXPECT_EQ(split_requests("turn on the lights in the kitchen and the hall", {}),
            (List{"turn on the lights in the kitchen and the hall"}));
  EXPECT_EQ(split_requests("before I forget, turn on the light", {}), (List{"before I forget, turn on the light"}));
  EXPECT_EQ(split_requests("嗯，打开灯", {}), (List{"嗯，打开灯"}));
  EXPECT_EQ(split_requests("发给李经理和王芳", {}), (List{"发给李经理和王芳"}));
}

TEST(Requests, MoreIsAskedForWhereThePartsJoinedAreNotInTheCall) {
  const Json order{{"drink", "mocha"}, {"milk", "a bit of cream"}, {"sugar", "lots of brown sugar"}};
  EXPECT_FALSE(may_ask_for_more("a mocha with a bit of cream and lots of brown sugar", order));
  EXPECT_TRUE(may_ask_for_more("turn on the lamp and the fan", {{"name", "lamp"}}));
  EXPECT_TRUE(may_ask_for_more("发给张伟和李静", {{"recipient", "张伟"}}));
  EXPECT_TRUE(may_ask_for_more("turn both on", {{"name", "lamp"}}));
  EXPECT_FALSE(may_ask_for_more("turn on the lamp", {{"name", "lamp"}}));
}

TEST(When, PhrasesAreFoundWhole) {
  const auto phrase = [](const std::string &text) {
    const auto span = find_time_phrase(text);
    return span ? text.substr(span->begin, span->size()) : "";
  };
  EXPECT_EQ(phrase("明天早上7点叫我起床"), "明天早上7点");
  EXPECT_EQ(phrase("下午3点半提醒我开会"), "下午3点半");
  EXPECT_EQ(phrase("10分钟后提醒我"), "10分钟后");
  EXPECT_EQ(phrase("wake me up at 7 am"), "at 7 am");
  EXPECT_EQ(phrase("remind me in 20 minutes"), "in 20 minutes");
  EXPECT_EQ(phrase("打开浏览器"), "");
}

TEST(When, MomentsAreTheNextOnes) {
  std::tm base{};
  base.tm_year = 126;
  base.tm_mon = 10;
  base.tm_mday = 24;
  base.tm_hour = 10;
  base.tm_isdst = -1;
  const auto now = std::mktime(&base);
  const auto hours = [&](const std::string &phrase) {
    return static_cast<double>(*resolve_time(phrase, now) - now) / 3600;
  };
  EXPECT_DOUBLE_EQ(hours("下午3点半"), 5.5);
  EXPECT_DOUBLE_EQ(hours("明天早上7点"), 21);
  EXPECT_DOUBLE_EQ(hours("at 7 am"), 21); // seven has passed today
  EXPECT_DOUBLE_EQ(hours("10分钟后"), 1.0 / 6);
  EXPECT_FALSE(resolve_time("有空的时候", now).has_value());
}

} // namespace
} // namespace yanxing::text
