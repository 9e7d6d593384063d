// What a group of samples shares: a registry drawn from the domains, a screen, the people who are known.
#pragma once

#include "sim/domain.h"
#include "sim/random.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace yanxing::sim {

// An argument as this registry spells it.
struct ArgUse {
  const ArgDef *def = nullptr;
  std::string name;
  std::vector<std::size_t> entries; // of def->entries: those that this registry knows
  std::vector<Json> values;         // beside `entries` where the set is closed, else empty
  double low = 0, high = 0;
};

struct ToolUse {
  const ToolDef *def = nullptr;
  std::string name;
  std::vector<ArgUse> args;
  bool used = true; // false: stands there only as a distraction in this language
  [[nodiscard]] const ArgUse *find(std::string_view pattern_name) const;
};

struct World {
  Language language = Language::kEnglish;
  std::vector<ToolUse> tools;
  std::vector<const Domain *> domains; // that its tools come from
  Json tools_json;
  std::vector<ActionSpec> specs;
  std::optional<std::vector<Contact>> contacts;
  std::optional<Screen> screen;
};

// One of the domains named in `focus` stands in it, if there are any; half of the time alone.
World draw_world(const Knowledge &knowledge, Language language, Random &random,
                 const std::set<std::string> &focus = {});
// A tool outside of any registry, to be asked for where nothing can do it.
ToolUse draw_tool(const ToolDef &def, Language language, Random &random);
// A tool of another world than these, or one that this world's registry leaves out; null where none was found.
const ToolDef *draw_foreign(const Knowledge &knowledge, const World &world, Random &random);

std::vector<Contact> draw_contacts(const Knowledge &knowledge, Language language, std::size_t count, Random &random);
Screen draw_screen(const Knowledge &knowledge, Language language, Random &random);

} // namespace yanxing::sim
