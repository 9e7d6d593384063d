#include "sim/environment.h"

#include "sim/effect.h"
#include "support/source.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace yanxing::sim {
namespace {

Environment &environment() {
  static auto opened = Environment::open({test::source("assets/sim"), test::source("actions"), nullptr});
  if (!opened) {
    throw std::runtime_error(opened.error().message());
  }
  return *opened;
}

EpisodeOptions options_of(const char *json) {
  const auto options = episode_options_from_json(Json::parse(json));
  if (!options) {
    throw std::runtime_error(options.error().message());
  }
  return *options;
}

// Plays the right decisions to the end; the sum of rewards.
double play_rightly(Environment &world, std::string *trace = nullptr) {
  double sum = 0;
  for (int turn = 0; turn < 10 && !world.done(); ++turn) {
    const auto result = world.step(world.gold());
    EXPECT_TRUE(result) << result.error().message();
    sum += result->reward;
    if (trace != nullptr) {
      *trace += dump(to_json(*result));
    }
  }
  EXPECT_TRUE(world.done());
  return sum;
}

class KindTest : public testing::TestWithParam<std::string> {
protected:
  EpisodeOptions options(const char *json = "{}") const {
    auto episode = options_of(json);
    episode.kinds = {GetParam()};
    return episode;
  }
};

TEST_P(KindTest, TheRightDecisionsReachTheGoal) {
  for (const auto *json : {R"({"faults":0})", R"({"faults":0.5,"noise":0.5,"split":"test"})"}) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      ASSERT_TRUE(environment().reset(seed, options(json)));
      const auto stages = static_cast<double>(environment().task().stages.size());
      const bool asks = environment().task().stages[0].must_ask;
      const auto said = environment().observe().utterance;
      std::string trace;
      const double reward = play_rightly(environment(), &trace);
      EXPECT_DOUBLE_EQ(reward, stages + (asks ? -0.1 : 0)) << GetParam() << " " << seed << " " << said << " " << trace;
    }
  }
}

TEST_P(KindTest, ARandomOtherDecisionDoesNot) {
  std::size_t tried = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto episode = options(R"({"faults":0,"noise":0})");
    ASSERT_TRUE(environment().reset(seed, episode));
    const auto right = dump(to_json(Decision{environment().gold(), 1, ""}));
    const bool must_ask = environment().task().stages[0].must_ask;
    const auto gold = environment().gold();
    const auto first = gold.empty() ? "" : gold[0].name;
    auto others = options_of(R"({"faults":0,"kinds":["single"]})"); // the right thing in another world
    others.language = environment().task().language == Language::kChinese ? "zh" : "en";
    ASSERT_TRUE(environment().reset(seed + 100000, others));
    const auto other = environment().gold();
    const bool lucky = (must_ask && other[0].name == first) || // a guess of what has to be asked may be right
                       (first == "undo" && other[0].name == "cancel_timer"); // which takes back a timer too
    if (lucky || other[0].name == "type_text" || dump(to_json(Decision{other, 1, ""})) == right) {
      continue; // an empty label and the like may be the same by chance
    }
    ASSERT_TRUE(environment().reset(seed, episode));
    const auto result = environment().step(other);
    ASSERT_TRUE(result);
    ++tried;
    const bool reached = result->ending == Ending::kSuccess;
    EXPECT_FALSE(reached) << GetParam() << " " << seed << ": " << dump(to_json(Decision{other, 1, ""})) << " for "
                          << right;
  }
  EXPECT_GT(tried, 100U);
}

TEST_P(KindTest, DoingNothingIsRightOnlyWhereNothingIsWanted) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    ASSERT_TRUE(environment().reset(seed, options(R"({"faults":0})")));
    const bool still = environment().task().stages[0].goal.still;
    const auto result = environment().step(Json::parse(R"({"action":"none","reply":"…"})"));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->ending, still ? Ending::kSuccess : Ending::kAbstained);
    EXPECT_EQ(result->reward, still ? 1 : 0);
    EXPECT_TRUE(result->changed.empty());
  }
}

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const auto &kind : task_kinds()) {
    names.push_back(kind.name);
  }
  return names;
}
INSTANTIATE_TEST_SUITE_P(All, KindTest, testing::ValuesIn(kind_names()), [](const auto &kind) { return kind.param; });

TEST(Environment, TheSameSeedIsTheSameEpisode) {
  const auto options = options_of(R"({"noise":0.5,"faults":0.3})");
  std::set<std::string> different;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto once = to_json(*environment().reset(seed, options));
    std::string first;
    play_rightly(environment(), &first);
    const auto again = to_json(*environment().reset(seed, options));
    std::string second;
    play_rightly(environment(), &second);
    EXPECT_EQ(once, again);
    EXPECT_EQ(first, second);
    different.insert(dump(once));
  }
  EXPECT_EQ(different.size(), 200U);
}

TEST(Environment, EveryActionIsAskedForInBothLanguages) {
  for (const auto *language : {"zh", "en"}) {
    auto options = options_of(R"({"faults":0,"kinds":["single","undo"]})");
    options.language = language;
    std::set<std::string> asked;
    for (std::uint64_t seed = 0; seed < 1500; ++seed) {
      ASSERT_TRUE(environment().reset(seed, options));
      asked.insert(environment().gold()[0].name);
    }
    for (const auto &spec : *environment().observe().actions) {
      EXPECT_TRUE(asked.contains(spec.name)) << spec.name << " " << language;
    }
  }
}

// What is said, with what differs from world to world taken out.
std::string skeleton(const Task &task, std::string said) {
  std::vector<std::string> values;
  for (const auto &action : task.stages[0].gold) {
    for (const auto &value : action.arguments) {
      values.push_back(value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  for (const auto &value : values) {
    if (const auto at = said.find(value); !value.empty() && at != std::string::npos) {
      said.replace(at, value.size(), "*");
    }
  }
  return said;
}

TEST(Environment, NoSentenceOfTheTestIsInTraining) {
  std::map<std::string, std::set<std::string>> said;
  for (const auto *split : {"train", "test"}) {
    auto options = options_of(R"({"noise":0,"faults":0})");
    options.split = split == std::string("train") ? Split::kTrain : Split::kTest;
    for (std::uint64_t seed = 0; seed < 4000; ++seed) {
      ASSERT_TRUE(environment().reset(seed, options));
      ASSERT_FALSE(environment().observe().utterance.empty())
          << environment().task().kind << " " << dump(to_json(Decision{environment().gold(), 1, ""}));
      if (environment().task().kind != "compound") {
        said[split].insert(skeleton(environment().task(), environment().observe().utterance));
      }
    }
  }
  EXPECT_GT(said["train"].size(), 200U);
  for (const auto &sentence : said["test"]) {
    EXPECT_FALSE(said["train"].contains(sentence)) << sentence;
  }
}

// A world in which something can be sent, and its right decision.
Action a_share(std::uint64_t from = 0) {
  for (auto seed = from; seed < from + 500; ++seed) {
    EXPECT_TRUE(environment().reset(seed, options_of(R"({"faults":0,"noise":0,"kinds":["single"]})")));
    if (environment().gold()[0].name == "share") {
      return environment().gold()[0];
    }
  }
  throw std::runtime_error("no world to share in");
}

TEST(Environment, SharingSendsTheTablesOwnCellsToThatAddressAndChangesNothingElse) {
  const auto share = a_share();
  const auto before = environment().desktop();
  const auto result = environment().step({share});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->ending, Ending::kSuccess);
  EXPECT_FALSE(result->question.empty()) << "sending needs a yes";
  const auto &after = environment().desktop();
  ASSERT_EQ(after.outbox.size(), before.outbox.size() + 1);
  EXPECT_EQ(result->changed.size(), 1U);
  EXPECT_NE(after.outbox.back().to.find('@'), std::string::npos);
}

TEST(Environment, SendingToSomebodyElseIsDeclinedAndNotDone) {
  auto share = a_share();
  const auto right = share.arguments["recipient"].get<std::string>();
  for (const auto &contact : *environment().observe().contacts) {
    const auto &aliases = contact.aliases;
    if (contact.name != right && std::find(aliases.begin(), aliases.end(), right) == aliases.end()) {
      share.arguments["recipient"] = contact.name;
    }
  }
  const auto result = environment().step({share});
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->ending == Ending::kDeclined || result->ending == Ending::kAsked) << ending_name(result->ending);
  EXPECT_TRUE(result->changed.empty());
}

TEST(Environment, ThePolicyIsTheRealOne) {
  a_share();
  for (const auto *bad :
       {R"({"action":"format_disk"})", R"({"action":"set_volume","level":130})", R"({"action":"set_volume","loud":1})",
        R"({"action":"turn_on","device":"the moon"})", R"({"action":"scroll","direction":"sideways"})"}) {
    a_share();
    const auto result = environment().step(Json::parse(bad));
    ASSERT_TRUE(result) << bad;
    EXPECT_EQ(result->ending, Ending::kWrong) << bad;
    EXPECT_EQ(result->reward, -5) << bad;
    EXPECT_TRUE(result->changed.empty()) << bad;
  }
}

TEST(Environment, MalformedStepsChangeNothing) {
  a_share();
  const auto before = dump(to_json(environment().observe()));
  std::string deep = "1";
  for (int i = 0; i < 50; ++i) {
    deep = R"({"actions":[)" + deep + "]}";
  }
  for (const auto &bad :
       {std::string("7"), std::string("null"), std::string("[]"), std::string("{}"), std::string(R"({"action":3})"),
        std::string(R"({"actions":{}})"), std::string(R"({"actions":[1]})"), deep}) {
    EXPECT_FALSE(environment().step(Json::parse(bad))) << bad;
    EXPECT_FALSE(environment().done());
    EXPECT_EQ(dump(to_json(environment().observe())), before);
  }
  for (const auto *odd : {R"({"action":"share","target":7,"recipient":[]})", R"({"action":"type_text","text":{}})",
                          R"({"action":"click","target":"nowhere"})", R"({"action":"open","what":"--help"})",
                          R"({"action":"set_timer","duration":-5})", R"({"action":"set_alarm","time":"never"})"}) {
    a_share();
    EXPECT_TRUE(environment().step(Json::parse(odd))) << odd;
  }
}

TEST(Environment, AfterTheEndNothingGoesOn) {
  a_share();
  ASSERT_TRUE(environment().step(Json::parse(R"({"action":"none"})")));
  EXPECT_TRUE(environment().done());
  EXPECT_FALSE(environment().step(Json::parse(R"({"action":"none"})")));
}

TEST(Environment, AQuestionIsAnsweredAndASecondOneEndsIt) {
  const auto options = options_of(R"({"faults":0,"kinds":["ambiguous"],"rewards":{"ask":-0.5}})");
  ASSERT_TRUE(environment().reset(3, options));
  const auto first = environment().observe().utterance;
  auto result = environment().step(Json::parse(R"({"action":"ask","reply":"Which one?"})"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->ending, Ending::kAsked);
  EXPECT_EQ(result->reward, -0.5);
  EXPECT_FALSE(result->done);
  EXPECT_NE(environment().observe().utterance, first);
  EXPECT_EQ(environment().observe().history->size(), 1U);
  result = environment().step(Json::parse(R"({"action":"ask","reply":"Really?"})"));
  EXPECT_TRUE(result->done);
}

TEST(Environment, OptionsSayWhatIsWrongWithThem) {
  for (const auto *bad : {"[]", R"({"lang":"fr"})", R"({"kinds":["cooking"]})", R"({"noise":2})", R"({"seeds":1})",
                          R"({"rewards":{"sucess":1}})", R"({"most_turns":0})"}) {
    EXPECT_FALSE(episode_options_from_json(Json::parse(bad))) << bad;
  }
}

TEST(Effects, WhatCanBeUndoneIsUndoneWholly) {
  std::map<std::string, int> undone;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    ASSERT_TRUE(environment().reset(seed, options_of(R"({"faults":0,"kinds":["single"]})")));
    auto desktop = environment().desktop();
    const auto before = desktop;
    const auto action = environment().gold()[0];
    const auto registry = environment().observe().actions;
    const auto find = [&](const std::string &name) {
      return std::find_if(registry->begin(), registry->end(), [&](const ActionSpec &s) { return s.name == name; });
    };
    const auto view = look(desktop);
    const auto outcome = perform({desktop, view, *find(action.name), action});
    ASSERT_NE(outcome.status, OutcomeStatus::kFailed) << outcome.detail;
    EXPECT_FALSE(same_state(before, desktop)) << action.name;
    EXPECT_FALSE(differences(before, desktop).empty()) << action.name;
    const auto undo = perform({desktop, view, *find("undo"), {"undo", Json::object(), ""}});
    if (outcome.undo.is_null()) {
      EXPECT_EQ(undo.status, OutcomeStatus::kFailed) << action.name;
    } else {
      ++undone[action.name];
      EXPECT_TRUE(same_state(before, desktop)) << action.name;
    }
  }
  for (const auto *name : {"share", "set_volume", "set_timer", "set_alarm", "turn_on", "scroll", "take_screenshot"}) {
    EXPECT_GT(undone[name], 0) << name;
  }
}

TEST(View, ElementsHaveTheIdsOfTheRealLook) {
  ASSERT_TRUE(environment().reset(1, options_of("{}")));
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto screen = *environment().reset(seed, options_of("{}"))->screen;
    std::set<std::string> ids;
    for (const auto &element : screen.elements) {
      EXPECT_TRUE(ids.insert(element.id).second) << element.id;
      EXPECT_GE(element.box.x, 0);
      EXPECT_LE(element.box.x + element.box.width, screen.width);
      EXPECT_LE(element.box.y + element.box.height, screen.height);
    }
    EXPECT_TRUE(ids.contains("current_window"));
  }
}

TEST(View, APictureShowsTheWorld) {
  ASSERT_TRUE(environment().reset(1, options_of("{}")));
  const auto picture = render(environment().desktop());
  EXPECT_EQ(picture.width, environment().desktop().width);
  std::set<std::uint8_t> shades;
  for (std::size_t i = 0; i < picture.rgb.size(); i += 997) {
    shades.insert(picture.rgb[i]);
  }
  EXPECT_GT(shades.size(), 4U);
  auto changed = environment().desktop();
  changed.windows.pop_back();
  EXPECT_NE(render(changed).rgb, picture.rgb);
}

} // namespace
} // namespace yanxing::sim
