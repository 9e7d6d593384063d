// The grammar of texts and calls, read by a small interpreter: what it lets through, and what must go on as a call.
#include "server/call_grammar.h"

#include "text/utf8.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

namespace yanxing::server {
namespace {

// Follows the rules of text_or_call_grammar() character by character: each alternative is "", a rule, or a class of
// characters and a rule. A rule that is not among them ("rest", "own") ends the reading and is the result.
class Reader {
public:
  explicit Reader(const std::string &rules) {
    std::istringstream lines(rules);
    for (std::string line; std::getline(lines, line);) {
      const auto arrow = line.find(" ::= ");
      rules_[line.substr(0, arrow)] = line.substr(arrow + 5);
    }
  }

  // "text" where the whole may be a text, the rule that takes over, or "refused".
  std::string read(const std::string &utf8) const {
    std::string rule = "answer";
    for (const char32_t c : text::to_code_points(utf8)) {
      if (!rules_.contains(rule)) {
        return rule;
      }
      rule = next(rules_.at(rule), c);
      if (rule.empty()) {
        return "refused";
      }
    }
    return rules_.contains(rule) ? "text" : rule;
  }

private:
  static std::string next(const std::string &alternatives, char32_t c) {
    std::istringstream words(alternatives);
    for (std::string word; words >> word;) {
      if (word.front() != '[' && word != ".") {
        continue;
      }
      std::string target;
      words >> target;
      if (word == "." || holds(word, c)) {
        return target;
      }
    }
    return {};
  }

  static bool holds(const std::string &characters, char32_t c) {
    const bool inverted = characters.starts_with("[^");
    bool found = false;
    for (auto at = characters.find("\\U"); at != std::string::npos; at = characters.find("\\U", at + 1)) {
      found = found || std::stoul(characters.substr(at + 2, 8), nullptr, 16) == c;
    }
    return found != inverted;
  }

  std::map<std::string, std::string> rules_;
};

TEST(CallGrammar, AnOfferedToolsCallGoesOnAsOne) {
  const Reader reader(
      text_or_call_grammar({{"weather", "rest-0"}, {"weather_at", "rest-1"}, {"天气", "rest-2"}}, "", ""));
  EXPECT_EQ(reader.read(R"({"name": "weather",)"), "rest-0");
  EXPECT_EQ(reader.read("```json\n{\n  \"name\": \"weather_at\","), "rest-1");
  EXPECT_EQ(reader.read(R"( [{"name":"天气",)"), "rest-2");
  EXPECT_EQ(reader.read("```\n[ {\"name\" :\t\"weather\" ,"), "rest-0");
}

TEST(CallGrammar, AnythingElseIsAText) {
  const Reader reader(text_or_call_grammar({{"weather", "rest-0"}}, "", ""));
  for (const std::string text :
       {"", "Hello.", R"({"name": "delete_files", "arguments": {}})", R"({"name": "weather"})",
        R"({"name": "weathers",)", R"({"n ame": "weather",)", R"(See: {"name": "weather", "arguments": {}})",
        "```python\nprint(1)\n```", "{", "[1, 2]", R"({"name": "wea ther",)", "你好"}) {
    EXPECT_EQ(reader.read(text), "text") << text;
  }
}

TEST(CallGrammar, ATextNeverHoldsTheMarker) {
  const auto rules = text_or_call_grammar({{"weather", "rest-0"}}, "<tool_call>", "own");
  const Reader reader(rules);
  for (const std::string text : {"<tool_call>", "a <tool_call>", "<<tool_call>", "<tool_<tool_call>", "{<tool_call>",
                                 "```json <tool_call>", "{\"name\": <tool_call>"}) {
    EXPECT_EQ(reader.read(text), "refused") << text;
  }
  EXPECT_EQ(reader.read("a < b, <tool_cal> and <tool>"), "text");
  EXPECT_EQ(reader.read(R"({"name": "weather",)"), "rest-0");
  std::istringstream lines(rules);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_NE(line.find("| own |"), std::string::npos) << "its own form may begin anywhere: " << line;
  }
}

} // namespace
} // namespace yanxing::server
