// What the generator knows: lists of things, and domains of tools with the ways in which people ask for them. All of it
// is read from assets/sim; a domain is one file.
#pragma once

#include "base/json.h"
#include "base/shapes.h"
#include "sim/pattern.h"

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace yanxing::sim {

// One thing and what it is called; the first name in each language is the usual one.
struct Entry {
  std::vector<std::string> en;
  std::vector<std::string> zh;
  bool unsaid = false; // a code that stands in the schema and that nobody says: "binary_sensor"
  [[nodiscard]] const std::vector<std::string> &in(Language language) const {
    return language == Language::kChinese ? zh : en;
  }
};
using EntryList = std::vector<Entry>;

enum class Form {
  kEnum,     // a closed set
  kOpen,     // a closed set in some registries, free text in others
  kText,     // free text
  kInteger,  //
  kNumber,   //
  kBoolean,  //
  kTime,     // a point in time
  kDuration, //
  kContact,  //
  kElement,  //
  kDigits,   // telephone numbers, codes
  kList      // several of `inner`
};

struct ArgDef {
  std::vector<std::string> names; // spellings; patterns use the first
  bool required = true;
  Form form = Form::kText;
  std::shared_ptr<const EntryList> entries; // kEnum, kOpen, kText
  double low = 0, high = 0, step = 1;
  std::vector<std::string> kinds; // kElement; empty: any
  std::string x_kind;             // app, device
  LocalText about;
  std::shared_ptr<const ArgDef> inner; // kList
};

struct ToolDef {
  std::vector<std::string> names; // snake case; '=' in front: written as it is
  std::vector<LocalText> about;
  std::vector<ArgDef> args;
  std::vector<Pattern> en;
  std::vector<Pattern> zh;
  std::string alike;                          // tools of the same mark do the same: never two of them in one registry
  bool risky = false;                         // asks before acting
  std::set<std::string, std::less<>> implied; // arguments that a wording gives unsaid: {argument=value}
  [[nodiscard]] const std::vector<Pattern> &in(Language language) const {
    return language == Language::kChinese ? zh : en;
  }
  [[nodiscard]] const ArgDef *find(std::string_view name) const;
  // What is asked in many ways stands in more registries and is asked more: 1 … 8 shares.
  [[nodiscard]] std::size_t shares(Language language) const;
};

inline constexpr double kMostWeight = 4;

struct Domain {
  std::string name;
  std::string world;    // domains of one world may do the same things for each other
  double weight = 1;    // how often it is drawn, against others
  bool generic = false; // its tools can do what others of its world do
  std::vector<ToolDef> tools;
};

struct Phrases { // by key, in each language
  std::map<std::string, std::vector<Pattern>, std::less<>> en;
  std::map<std::string, std::vector<Pattern>, std::less<>> zh;
  [[nodiscard]] const std::vector<Pattern> &get(Language language, std::string_view key) const;
};

struct Knowledge {
  std::vector<Domain> domains;
  std::map<std::string, std::shared_ptr<const EntryList>, std::less<>> lists;
  Phrases phrases;
  std::map<std::string, std::vector<std::string>, std::less<>> words; // plain word lists (words.json)
  Json screens;                                                       // screens.json
  Json home = Json::object();                                         // home.json: devices, actions, people alike
  struct Phrasings {
    Phrases train;
    Phrases test; // of sentences that training never has
  };
  Phrasings tasks; // tasks.json

  // Error names the file, the tool and what was expected.
  static Result<Knowledge> load(const std::filesystem::path &folder);
  [[nodiscard]] const std::vector<std::string> &words_of(std::string_view key) const;
};

} // namespace yanxing::sim
