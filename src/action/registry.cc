#include "action/registry.h"

#include "base/files.h"

#include <algorithm>
#include <array>
#include <set>

namespace yanxing::action {
namespace fs = std::filesystem;
namespace {

// Thrown inside this file, turned into an Error at its edge: malformed files have many places to fail.
struct Malformed {
  std::string what;
};

[[noreturn]] void fail(const std::string &what) { throw Malformed{what}; }

const Json &member(const Json &object, const char *key) {
  static const Json kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

LocalText local_text(const Json &json, const std::string &what) {
  if (!json.is_null() && !json.is_string() && !json.is_object()) {
    fail(what + " must be a text or {\"zh\":…,\"en\":…}");
  }
  return local_text_from_json(json);
}

Risk risk_of(const Json &json) {
  if (json.is_null()) {
    return Risk::kSafe;
  }
  const auto text = json.is_string() ? json.get<std::string>() : "";
  if (text == "safe") {
    return Risk::kSafe;
  }
  if (text == "confirm") {
    return Risk::kConfirm;
  }
  if (text == "forbidden") {
    return Risk::kForbidden;
  }
  fail("\"risk\" must be \"safe\", \"confirm\" or \"forbidden\", not " + json.dump());
}

void check_run(const Json &run) {
  if (run.is_null()) {
    return;
  }
  static constexpr std::array<std::string_view, 6> kWays{"builtin", "command", "http", "mqtt", "mcp", "dbus"};
  if (!run.is_object() || run.size() != 1 || std::find(kWays.begin(), kWays.end(), run.begin().key()) == kWays.end()) {
    fail("\"run\" must be an object with one of builtin, command, http, mqtt, mcp, dbus");
  }
  const auto &way = run.begin().key();
  const auto &how = run.begin().value();
  if (way == "builtin" && !how.is_string()) {
    fail("\"run\": \"builtin\" must name one of yanxing's own actions");
  }
  if (way == "command") {
    const bool argv = how.is_array() && !how.empty() &&
                      std::all_of(how.begin(), how.end(), [](const Json &item) { return item.is_string(); });
    if (!argv) {
      fail("\"run\": \"command\" must be a list of texts, the program first (there is no shell)");
    }
  }
  if ((way == "http" && string_or_empty(how, "url").empty()) || (way == "mqtt" && string_or_empty(how, "topic").empty())) {
    fail("\"run\": \"" + way + "\" needs " + (way == "http" ? "a \"url\"" : "a \"topic\""));
  }
}

void check_kind(const std::string &name, const Json &schema) {
  static const std::set<std::string, std::less<>> kKinds{"element", "contact", "app", "device", "duration", "time"};
  if (schema.is_object() && schema.contains("x-kind") && !kKinds.contains(string_or_empty(schema, "x-kind"))) {
    fail("parameter \"" + name + "\": \"x-kind\" must be element, contact, app, device, duration or time");
  }
}

std::vector<Parameter> parameters_of(const Json &schema) {
  std::vector<Parameter> parameters;
  if (schema.is_null()) {
    return parameters;
  }
  if (!schema.is_object()) {
    fail("\"parameters\" must be a JSON Schema object");
  }
  const auto &properties = member(schema, "properties");
  if (!properties.is_null() && !properties.is_object()) {
    fail("\"parameters\": \"properties\" must be an object");
  }
  const auto &required = member(schema, "required");
  if (!required.is_null() && !required.is_array()) {
    fail("\"parameters\": \"required\" must be a list of parameter names");
  }
  for (const auto &[name, property] : properties.items()) {
    check_kind(name, property);
    const bool needed = required.is_array() && std::find(required.begin(), required.end(), Json(name)) != required.end();
    parameters.push_back(parameter_from_schema(name, property, needed));
  }
  if (required.is_array()) {
    for (const auto &name : required) {
      if (!name.is_string() || !properties.is_object() || !properties.contains(name.get<std::string>())) {
        fail("\"required\" names " + name.dump() + ", which is not among the properties");
      }
    }
  }
  return parameters;
}

ActionSpec spec_from_json(const Json &tool, const std::string &source) {
  if (!tool.is_object()) {
    fail("an action must be an object");
  }
  const auto &nested = member(tool, "function");
  const auto &function = nested.is_object() ? nested : tool;
  const auto own = [&](const char *key) -> const Json & {
    return tool.contains(key) ? tool.at(key) : member(function, key); // our keys may stand beside or in "function"
  };
  ActionSpec spec;
  spec.source = source;
  spec.name = string_or_empty(function, "name");
  if (spec.name.empty()) {
    fail("an action needs a \"name\"");
  }
  constexpr std::size_t kLongestName = 128;
  const bool plain = spec.name.size() <= kLongestName && std::all_of(spec.name.begin(), spec.name.end(), [](char c) {
                       return static_cast<unsigned char>(c) > 0x20 && c != '"' && c != '\\';
                     });
  if (!plain || spec.name == kNoAction) {
    fail("\"" + spec.name + "\" cannot be the name of an action");
  }
  spec.description = local_text(member(function, "description"), "\"description\"");
  spec.parameters = parameters_of(member(function, "parameters"));
  spec.risk = risk_of(own("risk"));
  spec.undo = own("undo");
  spec.say = local_text(own("say"), "\"say\"");
  spec.run = own("run");
  check_run(spec.run);
  return spec;
}

} // namespace

const ActionSpec *Registry::find(std::string_view name) const {
  const auto found = std::find_if(actions_.begin(), actions_.end(), [&](const ActionSpec &a) { return a.name == name; });
  return found == actions_.end() ? nullptr : &*found;
}

Result<Registry> Registry::from_json(const Json &tools, std::string_view where) {
  const auto list = tools.is_array() ? tools : Json::array({tools});
  Registry registry;
  for (std::size_t i = 0; i < list.size(); ++i) {
    try {
      auto spec = spec_from_json(list[i], std::string(where));
      if (registry.find(spec.name) != nullptr) {
        fail("the action \"" + spec.name + "\" stands twice");
      }
      registry.actions_.push_back(std::move(spec));
    } catch (const Malformed &malformed) {
      const auto place = tools.is_array() ? "[" + std::to_string(i) + "]" : std::string();
      return Error{std::string(where) + place + ": " + malformed.what, "See README, \"Add an action\""};
    }
  }
  return registry;
}

Result<Registry> Registry::load(const fs::path &path) {
  std::error_code code;
  if (!fs::exists(path, code)) {
    return Error{"there is no action file or folder " + path.string(), "Give --actions DIR"};
  }
  std::vector<fs::path> files;
  if (fs::is_directory(path, code)) {
    for (const auto &entry : fs::directory_iterator(path, code)) {
      if (entry.path().extension() == ".json") {
        files.push_back(entry.path());
      }
    }
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(path);
  }
  Registry registry;
  for (const auto &file : files) {
    const auto json = read_json_file(file);
    if (!json) {
      return json.error();
    }
    auto part = from_json(*json, file.string());
    if (!part) {
      return part.error();
    }
    for (auto &spec : part->actions_) {
      if (const auto *other = registry.find(spec.name)) {
        return Error{file.string() + ": the action \"" + spec.name + "\" is already in " + other->source, "Rename one of them"};
      }
      registry.actions_.push_back(std::move(spec));
    }
  }
  if (registry.actions_.empty()) {
    return Error{path.string() + " holds no actions", "An action is one .json file; see README, \"Add an action\""};
  }
  return registry;
}

} // namespace yanxing::action
