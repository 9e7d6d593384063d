#include "sim/generator.h"

#include "action/registry.h"
#include "support/source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <unistd.h>

namespace yanxing::sim {
namespace {

const Knowledge &knowledge() {
  static const auto kLoaded = Knowledge::load(test::source("assets/sim"));
  if (!kLoaded) {
    throw std::runtime_error(kLoaded.error().message());
  }
  return *kLoaded;
}

std::vector<Json> rows_of(const GeneratorSettings &settings) {
  std::vector<Json> rows;
  Generator generator(knowledge(), settings, nullptr, nullptr);
  const auto done = generator.run([&](const std::string &row) -> Status {
    rows.push_back(Json::parse(row));
    return {};
  });
  EXPECT_TRUE(done);
  return rows;
}

std::vector<Json> calls_of(const Json &action) {
  if (action.contains("actions")) {
    return action["actions"].get<std::vector<Json>>();
  }
  return {action};
}

TEST(PatternParser, ReadsItsGrammarAndNamesMistakes) {
  EXPECT_TRUE(parse_pattern("~turn (on|off|) the light[ in the {room*}] {state=on}"));
  for (const auto *bad : {"(a|b", "[a", "a)", "{x", "a}", "{}", "{=a}"}) {
    EXPECT_FALSE(parse_pattern(bad)) << bad;
  }
}

TEST(Knowledge, IsWideAndEveryToolCanBeAskedForInBothLanguages) {
  std::size_t tools = 0;
  std::size_t patterns = 0;
  for (const auto &domain : knowledge().domains) {
    for (const auto &tool : domain.tools) {
      ++tools;
      patterns += tool.en.size() + tool.zh.size();
      EXPECT_FALSE(tool.en.empty()) << domain.name << " " << tool.names[0];
      EXPECT_FALSE(tool.zh.empty()) << domain.name << " " << tool.names[0];
    }
  }
  EXPECT_GE(knowledge().domains.size(), 25U);
  EXPECT_GE(tools, 250U);
  EXPECT_GE(patterns, 2000U);
}

TEST(Knowledge, SaysWhatIsWrongWithItsFiles) {
  namespace fs = std::filesystem;
  const auto missing = Knowledge::load("/nowhere");
  ASSERT_FALSE(missing);
  EXPECT_FALSE(missing.error().hint.empty());
  const auto folder = fs::temp_directory_path() / ("yanxing-sim-" + std::to_string(::getpid()));
  fs::create_directories(folder / "domains");
  for (const auto *name : {"lists.json", "phrases.json", "words.json", "screens.json"}) {
    std::ofstream(folder / name) << "{}";
  }
  const auto load = [&](const std::string &tool) {
    std::ofstream(folder / "domains" / "d.json") << R"({"name":"d","tools":[)" + tool + "]}";
    return Knowledge::load(folder);
  };
  EXPECT_TRUE(load(R"({"name":"f","about":["F|F"],"args":{"n":"int 1 5"},"en":["f {n}"]})"));
  for (const auto *tool : {
           R"({"about":["F"]})",                                                   // no name
           R"({"name":"f"})",                                                      // no description
           R"({"name":"f","about":["F"],"args":{"n":"colour"}})",                  // no such form
           R"({"name":"f","about":["F"],"args":{"n":"enum nothing"}})",            // no such list
           R"({"name":"f","about":["F"],"args":{"n":"int 5 1"}})",                 // upside down
           R"({"name":"f","about":["F"],"args":{"n":"int 1 5"},"en":["f {m}"]})",  // no such argument
           R"({"name":"f","about":["F"],"args":{"n":"int 1 5"},"en":["f ({n}"]})", // a pattern that does not close
       }) {
    const auto loaded = load(tool);
    ASSERT_FALSE(loaded) << tool;
    EXPECT_NE(loaded.error().what.find("d.json"), std::string::npos) << loaded.error().what;
  }
  std::ofstream(folder / "domains" / "d.json") << R"({"name":"d","tools":[{"name":"f","about":["F"]}]})";
  std::ofstream(folder / "words.json") << R"({"zh_surnames":7})";
  EXPECT_FALSE(Knowledge::load(folder));
  fs::remove_all(folder);
}

TEST(Generator, TheSameSeedGivesTheSameRows) {
  GeneratorSettings settings;
  settings.count = 60;
  const auto first = rows_of(settings);
  EXPECT_EQ(first, rows_of(settings));
  settings.seed = 2;
  EXPECT_NE(first, rows_of(settings));
}

TEST(Generator, RowsAreWhatEvalReadsAndGoldIsLegal) {
  GeneratorSettings settings;
  settings.count = 1500;
  settings.seed = 11;
  std::map<std::string, int> kinds;
  for (const auto &row : rows_of(settings)) {
    const auto where = row["id"].get<std::string>() + " " + row["transcript"].get<std::string>();
    ++kinds[row["kind"].get<std::string>()];
    const auto registry = action::Registry::from_json(row["actions"], where);
    ASSERT_TRUE(registry) << registry.error().message();
    EXPECT_LE(registry->actions().size(), 25U);
    for (const auto &call : calls_of(row["action"])) {
      const auto name = call["action"].get<std::string>();
      if (name == "none") {
        EXPECT_FALSE(call["reply"].get<std::string>().empty());
        continue;
      }
      const auto *spec = registry->find(name);
      ASSERT_NE(spec, nullptr) << where;
      for (const auto &[argument, value] : call.items()) {
        if (argument == "action") {
          continue;
        }
        const auto *parameter = spec->find(argument);
        ASSERT_NE(parameter, nullptr) << where << ": " << argument;
        const auto &choices = parameter->choices;
        if (!choices.empty()) {
          EXPECT_NE(std::find(choices.begin(), choices.end(), value), choices.end()) << where << ": " << argument;
        }
        if (parameter->kind == ParameterKind::kElement) {
          const auto screen = screen_from_json(row["screen"], where);
          EXPECT_NE(screen->find(value.get<std::string>()), nullptr) << where;
        }
      }
      for (const auto &parameter : spec->parameters) {
        const bool may_miss =
            parameter.kind == ParameterKind::kTime || parameter.kind == ParameterKind::kDuration || !parameter.required;
        EXPECT_TRUE(may_miss || call.contains(parameter.name)) << where << ": " << parameter.name;
      }
    }
  }
  for (const auto &kind : sample_kinds()) {
    EXPECT_GT(kinds[kind], 0) << kind;
  }
}

TEST(Generator, MembersOfAGroupShareWhatTheyAreAskedIn) {
  GeneratorSettings settings;
  settings.count = 40;
  settings.group = 5;
  std::map<std::string, std::set<std::string>> worlds;
  for (const auto &row : rows_of(settings)) {
    const auto id = row["id"].get<std::string>();
    worlds[id.substr(0, id.rfind('-'))].insert(row["actions"].dump() + row.value("screen", Json()).dump());
  }
  for (const auto &[group, different] : worlds) {
    EXPECT_EQ(different.size(), 1U) << group;
  }
}

TEST(Generator, KeepsToTheLanguageAndKindsThatAreAskedFor) {
  GeneratorSettings settings;
  settings.count = 50;
  settings.language = "zh";
  settings.kinds = {"negation", "chat"};
  for (const auto &row : rows_of(settings)) {
    EXPECT_EQ(row["lang"], "zh");
    EXPECT_TRUE(settings.kinds.contains(row["kind"].get<std::string>()));
    EXPECT_EQ(row["action"]["action"], "none");
  }
}

TEST(Generator, StopsWhereARowCannotBeWritten) {
  Generator generator(knowledge(), {}, nullptr, nullptr);
  int written = 0;
  const auto done = generator.run([&](const std::string &) -> Status {
    return ++written == 3 ? Status(Error{"the disk is full", ""}) : Status{};
  });
  EXPECT_FALSE(done);
  EXPECT_EQ(written, 3);
}

} // namespace
} // namespace yanxing::sim
