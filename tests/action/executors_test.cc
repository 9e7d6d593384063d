#include "action/template.h"
#include "action/timers.h"
#include "action/workbook.h"
#include "base/files.h"
#include "bench.h"
#include "os/process.h"

namespace yanxing::action {
namespace {

class Executors : public testing::Test {
protected:
  Bench bench;
  Operator hand;
  Outcome perform(const Json &run, const Json &arguments, const std::string &name = "act") {
    return hand.perform(spec_of(name, run), {name, arguments, ""}, bench.hands);
  }
  Outcome builtin(const std::string &name, const Json &arguments) {
    return perform({{"builtin", name}}, arguments, name);
  }
};

os::CellGrid budget() {
  return {{{"项目", 0, false}, {"金额", 0, false}}, {{"=1+1", 0, false}, {"1,200", 1200, true}}};
}

TEST_F(Executors, ATableBecomesAWorkbookInTheOutbox) {
  bench.grids["current_table"] = budget();
  const auto outcome = builtin("share", {{"target", "current_table"}, {"recipient", "李经理"}});
  ASSERT_EQ(outcome.status, OutcomeStatus::kDone) << outcome.detail;
  const auto files = files_in(bench.folder.path() / "outbox/new");
  ASSERT_EQ(files.size(), 1U);
  const auto message = *read_file(files[0]);
  EXPECT_NE(message.find("<li@example.com>"), std::string::npos);
  EXPECT_NE(message.find("%E9%A2%84%E7%AE%97%E8%A1%A8.xlsx"), std::string::npos); // 预算表.xlsx
  EXPECT_EQ(hand.undo_last(bench.hands).status, OutcomeStatus::kDone);
  EXPECT_TRUE(files_in(bench.folder.path() / "outbox/new").empty());
  EXPECT_EQ(hand.undo_last(bench.hands).status, OutcomeStatus::kFailed);
}

TEST_F(Executors, TheLiveTableIsReadBeforeThePicture) {
  bench.widgets["current_table"] = 7;
  bench.accessibility.grids[7] = budget();
  bench.grids["current_table"] = {{{"wrong", 0, false}}};
  const auto outcome = builtin("share", {{"target", "current_table"}, {"recipient", "李敏"}});
  EXPECT_NE(outcome.detail.find("2 rows × 2 columns"), std::string::npos) << outcome.detail;
  bench.widgets["current_table"] = 8; // the widget is gone: the picture's cells serve
  EXPECT_NE(builtin("share", {{"target", "current_table"}, {"recipient", "李敏"}}).detail.find("1 rows"),
            std::string::npos);
}

TEST_F(Executors, ASelectionIsSentWholeAsItsText) {
  bench.accessibility.selection = "研发部\t1025\n" + std::string(2000, 'x');
  bench.screen.elements.push_back(
      {"current_selection", "selection", "研发部", "研发部 1025 …", {10, 10, 100, 50}, {"selected"}, "", 0, 0});
  const auto outcome = builtin("share", {{"target", "current_selection"}, {"recipient", "李敏"}});
  ASSERT_EQ(outcome.status, OutcomeStatus::kDone) << outcome.detail;
  const auto size = std::to_string(bench.accessibility.selection.size()) + " bytes of text";
  EXPECT_NE(outcome.detail.find(size), std::string::npos) << outcome.detail;
}

TEST_F(Executors, SharingSaysHonestlyWhatIsMissing) {
  EXPECT_EQ(builtin("share", {{"target", "nowhere"}, {"recipient", "李敏"}}).status, OutcomeStatus::kFailed);
  EXPECT_EQ(builtin("share", {{"target", "current_table"}, {"recipient", "李敏"}}).status,
            OutcomeStatus::kFailed); // no cells
  EXPECT_EQ(builtin("share", {{"target", "image_1"}, {"recipient", "李"}}).status,
            OutcomeStatus::kFailed); // two people
  const auto image = builtin("share", {{"target", "image_1"}, {"recipient", "李敏"}});
  EXPECT_EQ(image.status, OutcomeStatus::kDone);
  EXPECT_NE(image.detail.find("20 × 10 pixels"), std::string::npos) << image.detail;
}

TEST_F(Executors, FileNamesFromTheScreenCannotEscape) {
  bench.screen.elements[3].name = "../../etc/\xE2\x80\xAEgnp.exe";
  const auto outcome = builtin("share", {{"target", "image_1"}, {"recipient", "李敏"}});
  ASSERT_EQ(outcome.status, OutcomeStatus::kDone);
  const auto message = *read_file(files_in(bench.folder.path() / "outbox/new").at(0));
  EXPECT_EQ(message.find("%E2%80%AE"), std::string::npos);
  EXPECT_EQ(message.find("%2F"), std::string::npos);
  EXPECT_EQ(message.find("''.."), std::string::npos);
}

TEST_F(Executors, AMailThatWaitsCanBeTakenBack) {
  const auto on_duty = RingerLock::take(bench.folder.path());
  bench.settings.smtp_url = "smtp://127.0.0.1:1";
  bench.grids["current_table"] = budget();
  const auto outcome = builtin("share", {{"target", "current_table"}, {"recipient", "李敏"}});
  EXPECT_EQ(outcome.status, OutcomeStatus::kQueued);
  EXPECT_EQ(files_in(bench.folder.path() / "queue", ".eml").size(), 1U);
  EXPECT_EQ(hand.undo_last(bench.hands).status, OutcomeStatus::kDone);
  EXPECT_TRUE(files_in(bench.folder.path() / "queue", ".eml").empty());
}

TEST(Workbook, HoldsAnyCellAndAnySheetName) {
  const os::CellGrid cells{{{std::string(70000, 'x'), 0, false}, {"\xff\x01", 0, false}},
                           {{"", 1e308 * 10, true}, {"0.5", 0.5, true}}};
  for (const auto &name : {std::string("a/b[c]"), std::string(), std::string("\xff'"), std::string(100, 'n')}) {
    const auto bytes = workbook_bytes(cells, name);
    ASSERT_TRUE(bytes) << bytes.error().message();
    EXPECT_TRUE(bytes->starts_with("PK"));
  }
}

TEST_F(Executors, ClickPrefersTheWidgetAndStaysOnTheScreen) {
  bench.widgets["button_1"] = 3;
  bench.accessibility.tree.widgets.push_back({3, "push button", "保存", "", {}, {}, -1, 0, 0});
  EXPECT_EQ(builtin("click", {{"target", "button_1"}}).status, OutcomeStatus::kDone);
  EXPECT_EQ(bench.accessibility.events, std::vector<std::string>{"press 3"});
  EXPECT_EQ(builtin("click", {{"target", "field_1"}}).status, OutcomeStatus::kDone);
  EXPECT_EQ(bench.input.events, std::vector<std::string>{"click 140 50 left x1"});
  bench.screen.elements[2].box.x = 5000;
  EXPECT_EQ(builtin("click", {{"target", "field_1"}}).status, OutcomeStatus::kFailed);
  bench.screen.elements[1].states = {"disabled"};
  EXPECT_EQ(builtin("click", {{"target", "button_1"}}).status, OutcomeStatus::kFailed);
}

TEST_F(Executors, TypingPressesNoReturnAndGoesToItsField) {
  EXPECT_EQ(builtin("type_text", {{"text", "rm -rf /\n\r"}, {"target", "field_1"}}).status, OutcomeStatus::kDone);
  EXPECT_EQ(bench.input.events, (std::vector<std::string>{"click 140 50 left x1", "type rm -rf /"}));
  EXPECT_EQ(builtin("type_text", {{"text", ""}}).status, OutcomeStatus::kFailed);
  EXPECT_EQ(builtin("type_text", {{"text", "a"}, {"target", "gone"}}).status, OutcomeStatus::kFailed);
}

TEST_F(Executors, ScrollingCanBeTakenBack) {
  EXPECT_EQ(builtin("scroll", {{"direction", "up"}, {"amount", 99999999999}}).status, OutcomeStatus::kDone);
  EXPECT_EQ(hand.undo_last(bench.hands).status, OutcomeStatus::kDone);
  EXPECT_EQ(bench.input.events, (std::vector<std::string>{"scroll 100 50 -50", "scroll 100 50 50"}));
}

TEST_F(Executors, TimersAreSetUndoneAndCancelled) {
  const auto on_duty = RingerLock::take(bench.folder.path());
  EXPECT_EQ(builtin("timer", {{"duration", 600}, {"label", "面\x1b[31m"}}).status, OutcomeStatus::kDone);
  ASSERT_EQ(TimerBook(bench.folder.path()).all().size(), 1U);
  EXPECT_EQ(TimerBook(bench.folder.path()).all()[0].label, "面[31m"); // nothing for a terminal to obey
  EXPECT_EQ(builtin("cancel_timer", Json::object()).status, OutcomeStatus::kDone);
  EXPECT_TRUE(TimerBook(bench.folder.path()).all().empty());
  EXPECT_EQ(hand.undo_last(bench.hands).status, OutcomeStatus::kDone); // the cancelling
  EXPECT_EQ(TimerBook(bench.folder.path()).all().size(), 1U);
  for (const auto &wrong : {Json(-5), Json(0), Json(1e300), Json(9223372036854775807)}) {
    EXPECT_EQ(builtin("timer", {{"duration", wrong}}).status, OutcomeStatus::kFailed) << wrong;
  }
  EXPECT_EQ(builtin("timer", {{"time", "whenever"}}).status, OutcomeStatus::kFailed);
}

TEST_F(Executors, CommandsGetEachValueAsOneArgument) {
  const auto outcome =
      perform({{"command", {"printf", "%s|%s", "a", "{text}"}}}, {{"text", "x; rm -rf / $(id) `id` \"'\n"}});
  EXPECT_EQ(outcome.status, OutcomeStatus::kDone);
  EXPECT_EQ(outcome.detail, "printf: a|x; rm -rf / $(id) `id` \"'");
  EXPECT_EQ(perform({{"command", {"printf", "{text}"}}}, {{"text", "--help"}}).status, OutcomeStatus::kFailed);
  EXPECT_EQ(perform({{"command", {"{text}"}}}, {{"text", "id"}}).status, OutcomeStatus::kFailed);
  EXPECT_EQ(perform({{"command", {"false"}}}, Json::object()).status, OutcomeStatus::kFailed);
  EXPECT_EQ(perform({{"command", {"no-such-program"}}}, Json::object()).status, OutcomeStatus::kFailed);
}

TEST_F(Executors, AFilesOwnUndoRunsWithTheSameArguments) {
  auto spec = spec_of("lamp", {{"command", {"true"}}});
  const auto made = bench.folder.path() / "off";
  spec.undo = {{"command", {"touch", bench.folder.path().string() + "/{room}"}}};
  EXPECT_EQ(hand.perform(spec, {"lamp", {{"room", "off"}}, ""}, bench.hands).status, OutcomeStatus::kDone);
  EXPECT_EQ(Operator().undo_last(bench.hands).status, OutcomeStatus::kDone); // the journal outlives the process
  EXPECT_TRUE(std::filesystem::exists(made));
}

TEST_F(Executors, HttpRefusesValuesThatClimb) {
  const Json run{{"http", {{"url", "http://127.0.0.1:1/api/{room}/on"}}}};
  EXPECT_NE(perform(run, {{"room", ".."}}).detail.find("dots"), std::string::npos);
  EXPECT_NE(perform(run, {{"room", "客厅?x=1/.."}}).detail.find("/api/%E5%AE%A2%E5%8E%85%3Fx%3D1%2F../on"),
            std::string::npos);
}

TEST_F(Executors, MqttRefusesWildcardsAndSaysWhenNobodyAnswers) {
  const Json run{{"mqtt", {{"topic", "home/{room}/set"}, {"payload", "ON"}}}};
  for (const auto *room : {"#", "+", "a/b", ""}) {
    EXPECT_NE(perform(run, {{"room", room}}).detail.find("topic"), std::string::npos) << room;
  }
  bench.settings.mqtt_url = "mqtt://127.0.0.1:1";
  EXPECT_NE(perform(run, {{"room", "a"}}).detail.find("no connection"), std::string::npos);
  bench.settings.mqtt_url = "http://x";
  EXPECT_NE(perform(run, {{"room", "a"}}).detail.find("mqtt_url"), std::string::npos);
}

TEST_F(Executors, OpeningRefusesWhatIsNoNameOrPage) {
  for (const auto *what : {"", "-rf", "file:///etc/passwd", "javascript:alert(1)", "mailto:a@b.c", "../../etc/passwd",
                           "no such thing.xlsx"}) {
    EXPECT_EQ(builtin("open", {{"what", what}}).status, OutcomeStatus::kFailed) << what;
  }
}

TEST_F(Executors, WhatThrowsInsideOrIsUnknownIsAnOutcome) {
  EXPECT_EQ(perform(Json(), Json::object()).status, OutcomeStatus::kFailed);
  EXPECT_EQ(perform({{"dbus", "x"}}, Json::object()).status, OutcomeStatus::kFailed);
  EXPECT_EQ(perform({{"command", {1, 2}}}, Json::object()).status, OutcomeStatus::kFailed);
}

TEST_F(Executors, RepliesNameLabelsAndNeverClaimAFailureAsDone) {
  auto spec = spec_of("share", {{"builtin", "share"}});
  spec.say = {"好的，已经把{target}发给{recipient}。", ""};
  spec.parameters = {parameter_from_schema("target", {{"type", "string"}, {"x-kind", "element"}}, true)};
  const Action action{"share", {{"target", "current_table"}, {"recipient", "李经理"}}, ""};
  EXPECT_EQ(reply_for(spec, action, {OutcomeStatus::kDone, "", "", nullptr}, bench.hands),
            "好的，已经把预算表发给李经理。");
  EXPECT_EQ(reply_for(spec, action, {OutcomeStatus::kFailed, "", "", nullptr}, bench.hands), "没有做成。");
}

TEST(Templates, ValuesCannotChangeTheShapeAroundThem) {
  const Json arguments{{"level", 40}, {"name", "a\",\"admin\":true,\"x\":\"\n{level}"}, {"on", true}};
  EXPECT_EQ(fill_template("{level}% {{x} {missing}.", arguments), "40% {x} .");
  const auto text = fill_body(R"({"level":{level},"name":"{name}","raw":{name},"none":{gone}})", arguments);
  const auto parsed = Json::parse(text);
  EXPECT_EQ(parsed["level"], 40);
  EXPECT_EQ(parsed["name"], "a\",\"admin\":true,\"x\":\"{level}");
  EXPECT_TRUE(parsed["raw"].is_string());
  EXPECT_TRUE(parsed["none"].is_null());
  EXPECT_EQ(parsed.size(), 4U);
  EXPECT_EQ(fill_body({{"level", "{level}"}, {"text", "to {level}"}}, arguments), R"({"level":40,"text":"to 40"})");
  EXPECT_EQ(fill_body("{level}", arguments), "40");
  EXPECT_EQ(fill_body("SAY {on}", arguments), "SAY true");
  EXPECT_EQ(url_escaped("a/b?ü"), "a%2Fb%3F%C3%BC");
}

} // namespace
} // namespace yanxing::action
