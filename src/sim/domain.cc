#include "sim/domain.h"

#include <algorithm>
#include <sstream>

namespace yanxing::sim {
namespace fs = std::filesystem;
namespace {

std::vector<std::string> parts_of(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const auto end = text.find(separator);
    auto part = text.substr(0, end);
    while (part.starts_with(" ")) {
      part.remove_prefix(1);
    }
    while (part.ends_with(" ")) {
      part.remove_suffix(1);
    }
    parts.emplace_back(part);
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

// "kitchen light/kitchen lamp|厨房灯"; without '|' the same in both languages; "|只说中文" in one only; "=code": given
// by the wording alone.
Entry entry_from(const std::string &text) {
  Entry entry;
  if (text.starts_with("=")) {
    entry.en = {text.substr(1)};
    entry.unsaid = true;
    return entry;
  }
  const auto halves = parts_of(text, '|');
  if (!halves[0].empty()) {
    entry.en = parts_of(halves[0], '/');
  }
  if (halves.size() == 1) {
    entry.zh = entry.en;
  } else if (!halves[1].empty()) {
    entry.zh = parts_of(halves[1], '/');
  }
  return entry;
}

LocalText local_from(const std::string &text) {
  const auto halves = parts_of(text, '|');
  return {halves.size() > 1 ? halves[1] : "", halves[0]};
}

class Loader {
public:
  explicit Loader(Knowledge &knowledge) : knowledge_(knowledge) {}

  Status lists(const Json &json, const std::string &where) {
    for (const auto &[name, items] : json.items()) {
      auto list = std::make_shared<EntryList>();
      for (const auto &item : items) {
        if (!item.is_string()) {
          return Error{where + ": list \"" + name + "\" must hold texts", ""};
        }
        list->push_back(entry_from(item.get<std::string>()));
      }
      knowledge_.lists[name] = std::move(list);
    }
    return {};
  }

  Status phrases(const Json &json, const std::string &where) {
    for (const auto *code : {"en", "zh"}) {
      auto &into = std::string_view(code) == "en" ? knowledge_.phrases.en : knowledge_.phrases.zh;
      const auto groups = json.value(code, Json::object());
      for (const auto &[key, texts] : groups.items()) {
        auto parsed = patterns(texts, where + ": " + code + "." + key);
        if (!parsed) {
          return parsed.error();
        }
        into[key] = std::move(*parsed);
      }
    }
    return {};
  }

  // {"share":{"zh":{"train":[…],"test":[…]},"en":{…}}}
  Status tasks(const Json &json, const std::string &where) {
    for (const auto &[key, languages] : json.items()) {
      for (const auto *code : {"en", "zh"}) {
        const auto splits = languages.value(code, Json::object());
        for (auto *split : {&knowledge_.tasks.train, &knowledge_.tasks.test}) {
          const auto *name = split == &knowledge_.tasks.train ? "train" : "test";
          auto parsed = patterns(splits.value(name, Json::array()), where + ": " + key + "." + code + "." + name);
          if (!parsed || parsed->empty()) {
            return parsed ? Error{where + ": \"" + key + "\" has no \"" + name + "\" in " + code, ""} : parsed.error();
          }
          (std::string_view(code) == "en" ? split->en : split->zh)[key] = std::move(*parsed);
        }
      }
    }
    return {};
  }

  Status domain(const Json &json, const std::string &where) {
    if (!json.is_object() || !json.contains("tools") || !json["tools"].is_array()) {
      return Error{where + ": a domain needs \"name\" and \"tools\"", ""};
    }
    if (json.contains("lists")) {
      if (auto read = lists(json["lists"], where); !read) {
        return read;
      }
    }
    Domain domain;
    domain.name = string_or_empty(json, "name");
    domain.world = string_or_empty(json, "world");
    domain.world = domain.world.empty() ? domain.name : domain.world;
    domain.generic = json.value("generic", false);
    domain.weight = json.value("weight", 1.0);
    if (domain.weight <= 0 || domain.weight > kMostWeight) {
      return Error{where + ": \"weight\" must lie above 0 and be at most 4", ""};
    }
    for (const auto &item : json["tools"]) {
      auto made = tool(item, where);
      if (!made) {
        return made.error();
      }
      domain.tools.push_back(std::move(*made));
    }
    knowledge_.domains.push_back(std::move(domain));
    return {};
  }

private:
  static Result<std::vector<Pattern>> patterns(const Json &texts, const std::string &where) {
    std::vector<Pattern> all;
    for (const auto &text : texts) {
      if (!text.is_string()) {
        return Error{where + ": a pattern must be a text", ""};
      }
      auto pattern = parse_pattern(text.get<std::string>());
      if (!pattern) {
        return Error{where + ": " + pattern.error().what, ""};
      }
      all.push_back(std::move(*pattern));
    }
    return all;
  }

  // "enum rooms # which room|哪个房间"
  Result<ArgDef> argument(const std::string &key, const std::string &how, const std::string &where) const {
    ArgDef arg;
    auto names = key;
    if (names.ends_with("?")) {
      arg.required = false;
      names.pop_back();
    }
    arg.names = parts_of(names, '/');
    const auto hash = how.find('#');
    if (hash != std::string::npos) {
      arg.about = local_from(how.substr(hash + 1));
    }
    std::istringstream words(how.substr(0, hash));
    std::string form;
    words >> form;
    const Error unknown{where + ": argument \"" + key + "\": cannot read \"" + how + "\"",
                        "Forms: enum L, open L, text L, app, device L, int A B [STEP], num A B STEP, bool, time, "
                        "duration, contact, element [KIND…], digits A B, list FORM…"};
    const std::map<std::string, Form, std::less<>> kForms{
        {"enum", Form::kEnum},         {"open", Form::kOpen},       {"text", Form::kText},
        {"int", Form::kInteger},       {"num", Form::kNumber},      {"bool", Form::kBoolean},
        {"time", Form::kTime},         {"app", Form::kText},        {"contact", Form::kContact},
        {"duration", Form::kDuration}, {"element", Form::kElement}, {"digits", Form::kDigits},
        {"device", Form::kOpen},       {"list", Form::kList}};
    const auto known = kForms.find(form);
    if (known == kForms.end()) {
      return unknown;
    }
    arg.form = known->second;
    if (form == "app" || form == "device") {
      arg.x_kind = form;
    }
    if (arg.form == Form::kList) {
      std::string rest;
      std::getline(words, rest);
      auto inner = argument(names, rest.substr(std::min<std::size_t>(rest.size(), 1)), where);
      if (!inner) {
        return inner.error();
      }
      arg.inner = std::make_shared<ArgDef>(std::move(*inner));
    } else if (arg.form == Form::kElement) {
      for (std::string kind; words >> kind;) {
        arg.kinds.push_back(kind);
      }
    } else if (arg.form == Form::kInteger || arg.form == Form::kNumber || arg.form == Form::kDigits) {
      if (!(words >> arg.low >> arg.high) || arg.low > arg.high) {
        return unknown;
      }
      words >> arg.step;
    } else if (arg.form == Form::kEnum || arg.form == Form::kOpen || arg.form == Form::kText) {
      std::string list = "apps";
      words >> list;
      const auto found = knowledge_.lists.find(list);
      if (found == knowledge_.lists.end() || found->second->empty()) {
        return Error{where + ": argument \"" + key + "\": there is no list \"" + list + "\"", ""};
      }
      arg.entries = found->second;
    }
    return arg;
  }

  Result<ToolDef> tool(const Json &json, const std::string &file) const {
    ToolDef tool;
    tool.names = parts_of(string_or_empty(json, "name"), '/');
    const auto where = file + ": tool \"" + tool.names[0] + "\"";
    if (tool.names[0].empty()) {
      return Error{file + ": a tool needs a \"name\"", ""};
    }
    const auto about = json.value("about", Json::array());
    for (const auto &text : about) {
      tool.about.push_back(local_from(text.get<std::string>()));
    }
    if (tool.about.empty()) {
      return Error{where + ": \"about\" must hold at least one description", ""};
    }
    tool.alike = string_or_empty(json, "alike");
    tool.risky = json.value("risky", false);
    const auto args = json.value("args", Json::object());
    for (const auto &[key, how] : args.items()) {
      auto arg = argument(key, how.is_string() ? how.get<std::string>() : "", where);
      if (!arg) {
        return arg.error();
      }
      tool.args.push_back(std::move(*arg));
    }
    for (const auto *code : {"en", "zh"}) {
      auto read = patterns(json.value(code, Json::array()), where);
      if (!read) {
        return read.error();
      }
      for (const auto &pattern : *read) {
        if (auto checked = check_slots(pattern.nodes, tool, where); !checked) {
          return checked.error();
        }
      }
      for (const auto &pattern : *read) {
        note_implied(pattern.nodes, tool);
      }
      (std::string_view(code) == "en" ? tool.en : tool.zh) = std::move(*read);
    }
    return tool;
  }

  static void note_implied(const std::vector<Node> &nodes, ToolDef &tool) {
    for (const auto &node : nodes) {
      if (node.kind == Node::Kind::kSlot && node.silent) {
        tool.implied.insert(node.text);
      }
      for (const auto &option : node.options) {
        note_implied(option, tool);
      }
    }
  }

  static Status check_slots(const std::vector<Node> &nodes, const ToolDef &tool, const std::string &where) {
    for (const auto &node : nodes) {
      if (node.kind == Node::Kind::kSlot) {
        const auto *arg = tool.find(node.text);
        if (arg == nullptr) {
          return Error{where + ": a pattern uses {" + node.text + "}, which is no argument", ""};
        }
        const bool closed = arg->form == Form::kEnum || arg->form == Form::kOpen;
        const bool known =
            !node.silent || !closed || std::any_of(arg->entries->begin(), arg->entries->end(), [&](const Entry &entry) {
              return !entry.en.empty() && entry.en[0] == node.value;
            });
        if (!known) {
          return Error{where + ": {" + node.text + "=" + node.value + "} is not in the argument's list", ""};
        }
      }
      for (const auto &option : node.options) {
        if (auto checked = check_slots(option, tool, where); !checked) {
          return checked;
        }
      }
    }
    return {};
  }

  Knowledge &knowledge_;
};

} // namespace

const ArgDef *ToolDef::find(std::string_view name) const {
  const auto found = std::find_if(args.begin(), args.end(), [&](const ArgDef &arg) { return arg.names[0] == name; });
  return found == args.end() ? nullptr : &*found;
}

std::size_t ToolDef::shares(Language language) const {
  constexpr std::size_t kManyWays = 12;
  constexpr std::size_t kMostShares = 8;
  return std::clamp(in(language).size() / kManyWays, std::size_t{1}, kMostShares);
}

const std::vector<Pattern> &Phrases::get(Language language, std::string_view key) const {
  static const std::vector<Pattern> kNone;
  const auto &all = language == Language::kChinese ? zh : en;
  const auto found = all.find(key);
  return found == all.end() ? kNone : found->second;
}

const std::vector<std::string> &Knowledge::words_of(std::string_view key) const {
  static const std::vector<std::string> kNone;
  const auto found = words.find(key);
  return found == words.end() ? kNone : found->second;
}

namespace {

Result<Knowledge> load_files(const fs::path &folder) {
  Knowledge knowledge;
  Loader loader(knowledge);
  const auto read = [&](const char *name) { return read_json_file(folder / name); };
  auto lists = read("lists.json");
  auto phrases = read("phrases.json");
  auto words = read("words.json");
  auto screens = read("screens.json");
  for (const auto *file : {&lists, &phrases, &words, &screens}) {
    if (!*file) {
      return Error{file->error().what, "The generator's data lies in assets/sim of the source tree"};
    }
  }
  if (auto done = loader.lists(*lists, "lists.json"); !done) {
    return done.error();
  }
  if (auto done = loader.phrases(*phrases, "phrases.json"); !done) {
    return done.error();
  }
  for (const auto &[key, items] : words->items()) {
    knowledge.words[key] = items.get<std::vector<std::string>>();
  }
  knowledge.screens = std::move(*screens);
  if (fs::exists(folder / "home.json")) {
    auto home = read("home.json");
    if (!home) {
      return home.error();
    }
    knowledge.home = std::move(*home);
  }
  if (fs::exists(folder / "tasks.json")) {
    const auto tasks = read("tasks.json");
    if (!tasks) {
      return tasks.error();
    }
    if (auto done = loader.tasks(*tasks, "tasks.json"); !done) {
      return done.error();
    }
  }
  std::vector<fs::path> files;
  std::error_code code;
  for (const auto &entry : fs::directory_iterator(folder / "domains", code)) {
    if (entry.path().extension() == ".json") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  for (const auto &file : files) {
    const auto json = read_json_file(file);
    if (!json) {
      return json.error();
    }
    if (auto done = loader.domain(*json, file.filename().string()); !done) {
      return done.error();
    }
  }
  if (knowledge.domains.empty()) {
    return Error{(folder / "domains").string() + " holds no domains", "A domain is one JSON file there"};
  }
  return knowledge;
}

} // namespace

Result<Knowledge> Knowledge::load(const fs::path &folder) {
  try {
    return load_files(folder);
  } catch (const Json::exception &wrong) { // a text where a list should stand, and the like
    return Error{folder.string() + ": a file is not of the form that its README describes (" + wrong.what() + ")", ""};
  }
}

} // namespace yanxing::sim
