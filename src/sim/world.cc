#include "sim/world.h"

#include "action/registry.h"

#include <algorithm>
#include <cctype>
#include <cmath>

namespace yanxing::sim {
namespace {

enum class Case { kSnake, kCamel, kPascal, kDotted, kKebab, kPrefixed };

std::string restyled(const std::string &snake, Case style, const std::string &prefix) {
  std::string out;
  switch (style) {
  case Case::kSnake:
    return snake;
  case Case::kDotted:
    return prefix + "." + snake;
  case Case::kPrefixed:
    return prefix + "_" + snake;
  case Case::kKebab:
    out = snake;
    std::replace(out.begin(), out.end(), '_', '-');
    return out;
  default:
    break;
  }
  bool upper = style == Case::kPascal;
  for (const char c : snake) {
    if (c == '_') {
      upper = true;
    } else {
      out += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
      upper = false;
    }
  }
  return out;
}

// How a registry is written, the same throughout it.
struct Manner {
  Case names = Case::kSnake;
  Case arguments = Case::kSnake;
  bool chinese_about = false;
  bool both_about = false;
  bool tool_about = true;
  double argument_about = 0.6;
  bool foreign_types = false; // "dict", "float"
  bool our_kinds = true;      // x-kind
  double closed = 0.5;        // share of open sets that are written as closed ones
  double optional = 0.75;     // share of optional arguments that the schema has
};

Manner draw_manner(Language language, Random &random) {
  Manner manner;
  const double names = random.unit();
  manner.names = names < 0.52   ? Case::kSnake
                 : names < 0.68 ? Case::kCamel
                 : names < 0.80 ? Case::kPascal
                 : names < 0.90 ? Case::kDotted
                 : names < 0.95 ? Case::kPrefixed
                                : Case::kKebab;
  const bool camel = manner.names == Case::kCamel || (manner.names == Case::kPascal && random.chance(0.5));
  manner.arguments = camel ? Case::kCamel : Case::kSnake;
  manner.chinese_about = language == Language::kChinese ? random.chance(0.55) : random.chance(0.03);
  manner.both_about = random.chance(0.15);
  manner.tool_about = random.chance(0.88);
  manner.argument_about = random.chance(0.3) ? 0.0 : random.unit();
  manner.foreign_types = random.chance(0.06);
  manner.our_kinds = random.chance(0.85);
  manner.closed = random.unit();
  manner.optional = 0.5 + 0.5 * random.unit();
  return manner;
}

// 1 … 25 tools, mostly a handful.
std::size_t draw_size(Random &random) {
  const double size = random.unit();
  return size < 0.06   ? 1
         : size < 0.28 ? static_cast<std::size_t>(random.between(2, 4))
         : size < 0.66 ? static_cast<std::size_t>(random.between(5, 8))
         : size < 0.91 ? static_cast<std::size_t>(random.between(9, 14))
                       : static_cast<std::size_t>(random.between(15, 25));
}

Json about_json(const LocalText &about, const Manner &manner) {
  if (manner.both_about && !about.zh.empty()) {
    return Json{{"zh", about.zh}, {"en", about.en}};
  }
  return manner.chinese_about && !about.zh.empty() ? Json(about.zh) : Json(about.en);
}

std::string title_case(std::string text) {
  bool start = true;
  for (auto &c : text) {
    c = start ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    start = c == ' ';
  }
  return text;
}

class RegistryWriter {
public:
  RegistryWriter(const Manner &manner, Language language, Random &random)
      : manner_(manner), language_(language), random_(random) {}

  ToolUse use(const ToolDef &def, const std::string &domain) {
    ToolUse tool;
    tool.def = &def;
    const auto &name = random_.pick(def.names);
    tool.name = name.starts_with("=") ? name.substr(1) : restyled(name, manner_.names, domain);
    // What a wording implies ("is it wet" → moisture, on) can be learnt only where the schema has all of it.
    const bool implies = random_.chance(0.8);
    for (const auto &arg : def.args) {
      const bool implied = implies && def.implied.contains(arg.names[0]);
      if (arg.required || implied || random_.chance(manner_.optional)) {
        tool.args.push_back(use(arg, implied));
      }
    }
    return tool;
  }

  Json json_of(const ToolUse &tool) {
    Json properties = Json::object();
    Json required = Json::array();
    for (const auto &arg : tool.args) {
      properties[arg.name] = schema_of(arg);
      if (arg.def->required) {
        required.push_back(arg.name);
      }
    }
    Json function{{"name", tool.name}};
    if (manner_.tool_about) {
      function["description"] = about_json(random_.pick(tool.def->about), manner_);
    }
    function["parameters"] = {{"type", manner_.foreign_types ? "dict" : "object"},
                              {"properties", std::move(properties)},
                              {"required", std::move(required)}};
    Json json{{"type", "function"}, {"function", std::move(function)}};
    if (tool.def->risky && random_.chance(0.7)) {
      json["risk"] = "confirm";
    }
    return json;
  }

private:
  ArgUse use(const ArgDef &def, bool implied) {
    ArgUse arg;
    arg.def = &def;
    arg.name = restyled(random_.pick(def.names), manner_.arguments, "");
    const auto &source = def.form == Form::kList ? *def.inner : def;
    arg.low = source.low;
    arg.high = source.high;
    if (source.entries != nullptr) {
      choose_entries(source, arg, implied);
    }
    return arg;
  }

  void choose_entries(const ArgDef &def, ArgUse &arg, bool implied) {
    const auto &all = *def.entries;
    for (std::size_t i = 0; i < all.size(); ++i) {
      arg.entries.push_back(i);
    }
    const bool closed = def.form == Form::kEnum || (def.form == Form::kOpen && random_.chance(manner_.closed));
    if (!closed) {
      return;
    }
    random_.shuffle(arg.entries);
    // Codes are what a registry's author has whole; of things, a home or a firm has a few or many.
    const bool codes = all.front().unsaid;
    const bool whole = random_.chance(codes ? (implied ? 1.0 : 0.6) : all.size() <= 4 ? 0.85 : 0.12);
    const long few = all.size() > 24 && random_.chance(0.4) ? 40 : 12;
    const std::size_t most =
        whole ? all.size()
              : std::min<std::size_t>(all.size(), static_cast<std::size_t>(random_.between(codes ? 4 : 2, few)));
    arg.entries.resize(most);
    if (random_.chance(0.5)) {
      std::sort(arg.entries.begin(), arg.entries.end());
    }
    const bool chinese = language_ == Language::kChinese ? random_.chance(0.45) : false;
    const auto style = random_.below(8);
    for (const auto index : arg.entries) {
      const auto &entry = all[index];
      const auto &names = (chinese && !entry.zh.empty()) || entry.en.empty() ? entry.zh : entry.en;
      auto value = names.front();
      if (language_of(value) == Language::kEnglish) {
        if (style == 0) {
          value = title_case(value);
        } else if (style == 1) {
          std::transform(value.begin(), value.end(), value.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        }
        if (style >= 1 && style <= 4) {
          std::replace(value.begin(), value.end(), ' ', '_');
        }
      }
      arg.values.emplace_back(std::move(value));
    }
  }

  Json schema_of(const ArgUse &arg) {
    const auto &def = *arg.def;
    Json schema = Json::object();
    if (def.form == Form::kList) {
      schema["type"] = "array";
      schema["items"] = plain_schema(*def.inner, arg);
    } else {
      schema = plain_schema(def, arg);
    }
    if (!def.about.en.empty() && random_.chance(manner_.argument_about)) {
      schema["description"] = about_json(def.about, manner_);
    }
    if (!def.required && random_.chance(0.12)) {
      if (def.form == Form::kInteger) {
        schema["default"] = static_cast<long>(def.low);
      } else if (def.form == Form::kBoolean) {
        schema["default"] = false;
      }
    }
    return schema;
  }

  Json plain_schema(const ArgDef &def, const ArgUse &arg) {
    Json schema = Json::object();
    switch (def.form) {
    case Form::kInteger:
    case Form::kDuration:
      schema["type"] = "integer";
      break;
    case Form::kNumber:
      schema["type"] = manner_.foreign_types ? "float" : "number";
      break;
    case Form::kBoolean:
      schema["type"] = "boolean";
      break;
    default:
      schema["type"] = "string";
    }
    if (!arg.values.empty()) {
      schema["enum"] = arg.values;
    }
    if ((def.form == Form::kInteger || def.form == Form::kNumber) && random_.chance(0.6)) {
      schema["minimum"] = def.form == Form::kInteger ? Json(static_cast<long>(def.low)) : Json(def.low);
      schema["maximum"] = def.form == Form::kInteger ? Json(static_cast<long>(def.high)) : Json(def.high);
    }
    const std::string kind = def.form == Form::kElement    ? "element"
                             : def.form == Form::kDuration ? "duration" // its unit is known only so
                             : !manner_.our_kinds          ? ""
                             : def.form == Form::kContact  ? "contact"
                             : def.form == Form::kTime     ? "time"
                                                           : def.x_kind;
    if (!kind.empty()) {
      schema["x-kind"] = kind;
    }
    return schema;
  }

  const Manner &manner_;
  Language language_;
  Random &random_;
};

bool stands_already(const std::vector<ToolUse> &tools, const ToolDef &def, const std::string &name) {
  return std::any_of(tools.begin(), tools.end(), [&](const ToolUse &other) {
    return other.def == &def || other.name == name || (!def.alike.empty() && other.def->alike == def.alike);
  });
}

const ToolDef &pick_tool(const Domain &domain, Language language, Random &random) {
  std::size_t all = 0;
  for (const auto &tool : domain.tools) {
    all += tool.shares(language);
  }
  auto at = random.below(all);
  const ToolDef *picked = &domain.tools.front();
  for (const auto &tool : domain.tools) {
    picked = &tool;
    if (at < tool.shares(language)) {
      break;
    }
    at -= tool.shares(language);
  }
  return *picked;
}

bool has_argument(const World &world, Form form) {
  return std::any_of(world.tools.begin(), world.tools.end(), [form](const ToolUse &tool) {
    return std::any_of(tool.args.begin(), tool.args.end(), [form](const ArgUse &arg) { return arg.def->form == form; });
  });
}

std::size_t draw_people(Random &random) {
  const double size = random.unit();
  return size < 0.45   ? static_cast<std::size_t>(random.between(2, 10))
         : size < 0.86 ? static_cast<std::size_t>(random.between(11, 40))
         : size < 0.97 ? static_cast<std::size_t>(random.between(41, 100))
                       : static_cast<std::size_t>(random.between(101, 300));
}

} // namespace

const ArgUse *ToolUse::find(std::string_view pattern_name) const {
  const auto found =
      std::find_if(args.begin(), args.end(), [&](const ArgUse &arg) { return arg.def->names[0] == pattern_name; });
  return found == args.end() ? nullptr : &*found;
}

ToolUse draw_tool(const ToolDef &def, Language language, Random &random) {
  const auto manner = draw_manner(language, random);
  return RegistryWriter(manner, language, random).use(def, "");
}

const ToolDef *draw_foreign(const Knowledge &knowledge, const World &world, Random &random) {
  constexpr int kTries = 12;
  for (int i = 0; i < kTries; ++i) {
    const auto &domain = random.pick(knowledge.domains);
    const auto alike = std::count_if(world.domains.begin(), world.domains.end(),
                                     [&](const Domain *d) { return d->world == domain.world; });
    const bool inside = std::find(world.domains.begin(), world.domains.end(), &domain) != world.domains.end();
    const bool other = alike == 0;
    const auto &def = random.pick(domain.tools);
    // A sibling of this registry's tools that it lacks, where no other domain might do the same.
    const bool near = inside && alike == 1 && !domain.generic && random.chance(0.5);
    if ((other || near) && !def.in(world.language).empty() && !stands_already(world.tools, def, "")) {
      return &def;
    }
  }
  return nullptr;
}

World draw_world(const Knowledge &knowledge, Language language, Random &random, const std::set<std::string> &focus) {
  World world;
  world.language = language;
  const auto manner = draw_manner(language, random);
  RegistryWriter writer(manner, language, random);
  const auto size = draw_size(random);
  const auto domains = std::min<std::size_t>(
      knowledge.domains.size(), size <= 2 ? 1 : static_cast<std::size_t>(random.between(1, size <= 8 ? 3 : 5)));
  std::vector<const Domain *> chosen;
  for (const auto &domain : knowledge.domains) {
    if (focus.contains(domain.name)) {
      chosen.push_back(&domain);
    }
  }
  if (!chosen.empty()) {
    chosen = {random.pick(chosen)};
  }
  const bool alone = !chosen.empty() && random.chance(0.5);
  while (!alone && chosen.size() < domains) {
    const auto &domain = random.pick(knowledge.domains);
    if (random.chance(domain.weight / kMostWeight) &&
        std::find(chosen.begin(), chosen.end(), &domain) == chosen.end()) {
      chosen.push_back(&domain);
    }
  }
  world.domains = chosen;
  for (std::size_t tries = 0; world.tools.size() < size && tries < 6 * size; ++tries) {
    const auto &domain = *chosen[tries % chosen.size()];
    const auto &def = pick_tool(domain, language, random);
    auto tool = writer.use(def, domain.name);
    if (stands_already(world.tools, def, tool.name)) {
      continue;
    }
    tool.used = !def.in(language).empty();
    world.tools.push_back(std::move(tool));
  }
  random.shuffle(world.tools);
  world.tools_json = Json::array();
  for (const auto &tool : world.tools) {
    world.tools_json.push_back(writer.json_of(tool));
  }
  if (auto registry = action::Registry::from_json(world.tools_json, "drawn registry")) {
    world.specs = registry->actions();
  }
  if (has_argument(world, Form::kContact) ? random.chance(0.9) : random.chance(0.2)) {
    world.contacts = draw_contacts(knowledge, language, draw_people(random), random);
  }
  if (has_argument(world, Form::kElement) || random.chance(0.15)) {
    world.screen = draw_screen(knowledge, language, random);
  }
  return world;
}

} // namespace yanxing::sim
