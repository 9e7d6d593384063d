#include "action/registry.h"

#include "action/template.h"
#include "base/files.h"

#include <algorithm>
#include <array>
#include <set>

namespace yanxing::action {
namespace fs = std::filesystem;
namespace {

// Thrown inside this file, turned into an Error at its edge: malformed files have many places to fail.
// `near` is a key or name in the file by which the line is found; the JSON parser keeps no positions.
struct Malformed {
  std::string what;
  std::string near;
};

[[noreturn]] void fail(const std::string &what, const std::string &near = "") { throw Malformed{what, near}; }

const Json &member(const Json &object, const char *key) {
  static const Json kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

LocalText local_text(const Json &json, const std::string &what) {
  if (!json.is_null() && !json.is_string() && !json.is_object()) {
    fail("\"" + what + "\" must be a text or {\"zh\":…,\"en\":…}", what);
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
  fail("\"risk\" must be \"safe\", \"confirm\" or \"forbidden\", not " + dump(json), "risk");
}

void check_http(const Json &how) {
  const auto url = string_or_empty(how, "url");
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    fail("\"http\" needs a \"url\" that begins with http:// or https://", "http");
  }
  const auto authority = url.substr(url.find("://") + 3);
  if (authority.substr(0, authority.find_first_of("/?#")).find('{') != std::string::npos) {
    fail("the host of \"url\" must stand in the action file, not come from what was said", "url");
  }
  const auto &method = member(how, "method");
  static const std::set<std::string, std::less<>> kMethods{"GET", "POST", "PUT", "PATCH", "DELETE"};
  if (!method.is_null() && !kMethods.contains(string_or_empty(how, "method"))) {
    fail("\"method\" must be GET, POST, PUT, PATCH or DELETE", "method");
  }
  const auto &headers = member(how, "headers");
  const bool texts = headers.is_object() &&
                     std::all_of(headers.begin(), headers.end(), [](const Json &value) { return value.is_string(); });
  if (!headers.is_null() && !texts) {
    fail("\"headers\" must be an object of texts", "headers");
  }
}

void check_mqtt(const Json &how) {
  const auto topic = string_or_empty(how, "topic");
  if (topic.empty() || topic.find_first_of("+#") != std::string::npos) {
    fail("\"mqtt\" needs a \"topic\" without + and #", "mqtt");
  }
  if (!member(how, "retain").is_null() && !member(how, "retain").is_boolean()) {
    fail("\"retain\" must be true or false", "retain");
  }
}

void check_run(const Json &run) {
  if (run.is_null()) {
    return;
  }
  static constexpr std::array<std::string_view, 6> kWays{"builtin", "command", "http", "mqtt", "mcp", "dbus"};
  if (!run.is_object() || run.size() != 1 || std::find(kWays.begin(), kWays.end(), run.begin().key()) == kWays.end()) {
    fail("\"run\" must be an object with one of builtin, command, http, mqtt, mcp, dbus", "run");
  }
  const auto &way = run.begin().key();
  const auto &how = run.begin().value();
  if (way == "builtin" && !how.is_string()) {
    fail("\"builtin\" must name one of yanxing's own actions", "builtin");
  }
  if (way == "command") {
    const bool argv = how.is_array() && !how.empty() &&
                      std::all_of(how.begin(), how.end(), [](const Json &item) { return item.is_string(); });
    if (!argv || how[0].get<std::string>().empty()) {
      fail("\"command\" must be a list of texts, the program first (there is no shell)", "command");
    }
  }
  if (way == "http") {
    check_http(how);
  }
  if (way == "mqtt") {
    check_mqtt(how);
  }
}

// Placeholders that no parameter fills are spelling mistakes.
void check_placeholders(const Json &run, const std::vector<Parameter> &parameters) {
  if (run.is_string()) {
    for (const auto &name : placeholders_of(run.get<std::string>())) {
      if (std::none_of(parameters.begin(), parameters.end(), [&](const Parameter &p) { return p.name == name; })) {
        fail("\"run\" uses {" + name + "}, which is not among the parameters", "{" + name + "}");
      }
    }
  } else if (run.is_structured()) {
    for (const auto &item : run) {
      check_placeholders(item, parameters);
    }
  }
}

void check_property(const std::string &name, const Json &schema) {
  static const std::set<std::string, std::less<>> kKinds{"element", "contact", "app", "device", "duration", "time"};
  if (!schema.is_object()) {
    fail("parameter \"" + name + "\" must be described by an object", name);
  }
  if (schema.contains("x-kind") && !kKinds.contains(string_or_empty(schema, "x-kind"))) {
    fail("parameter \"" + name + "\": \"x-kind\" must be element, contact, app, device, duration or time", name);
  }
  const auto &choices = member(schema, "enum");
  if (!choices.is_null() && (!choices.is_array() || choices.empty())) {
    fail("parameter \"" + name + "\": \"enum\" must be a list with at least one value", name);
  }
  for (const auto *limit : {"minimum", "maximum"}) {
    if (!member(schema, limit).is_null() && !member(schema, limit).is_number()) {
      fail("parameter \"" + name + "\": \"" + limit + "\" must be a number", name);
    }
  }
  if (member(schema, "minimum").is_number() && member(schema, "maximum").is_number() &&
      member(schema, "minimum").get<double>() > member(schema, "maximum").get<double>()) {
    fail("parameter \"" + name + "\": \"minimum\" lies above \"maximum\"", name);
  }
}

std::vector<Parameter> parameters_of(const Json &schema) {
  std::vector<Parameter> parameters;
  if (schema.is_null()) {
    return parameters;
  }
  if (!schema.is_object()) {
    fail("\"parameters\" must be a JSON Schema object", "parameters");
  }
  const auto &properties = member(schema, "properties");
  if (!properties.is_null() && !properties.is_object()) {
    fail("\"parameters\": \"properties\" must be an object", "properties");
  }
  const auto &required = member(schema, "required");
  if (!required.is_null() && !required.is_array()) {
    fail("\"parameters\": \"required\" must be a list of parameter names", "required");
  }
  for (const auto &[name, property] : properties.items()) {
    check_property(name, property);
    const bool needed =
        required.is_array() && std::find(required.begin(), required.end(), Json(name)) != required.end();
    parameters.push_back(parameter_from_schema(name, property, needed));
  }
  if (required.is_array()) {
    for (const auto &name : required) {
      if (!name.is_string() || !properties.is_object() || !properties.contains(name.get<std::string>())) {
        fail("\"required\" names " + dump(name) + ", which is not among the properties", "required");
      }
    }
  }
  return parameters;
}

// In an action file of ours a key that is misspelt must not be passed over: "riks": "confirm" would act unasked.
void check_keys(const Json &tool, const Json &run) {
  static const std::set<std::string, std::less<>> kKeys{"name",     "description", "parameters", "risk",
                                                        "undo",     "say",         "run",        "type",
                                                        "function", "strict",      "$schema",    "comment"};
  for (const auto &[key, value] : tool.items()) {
    if (!run.is_null() && !kKeys.contains(key)) {
      fail("there is no key \"" + key + "\" in an action", key);
    }
  }
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
    fail("\"" + spec.name + "\" cannot be the name of an action", "name");
  }
  spec.description = local_text(member(function, "description"), "description");
  spec.parameters = parameters_of(member(function, "parameters"));
  spec.risk = risk_of(own("risk"));
  spec.undo = own("undo");
  spec.say = local_text(own("say"), "say");
  spec.run = own("run");
  check_run(spec.run);
  check_placeholders(spec.run, spec.parameters);
  if (spec.undo.is_object() && spec.undo.size() == 1 && !spec.undo.begin().key().starts_with("action")) {
    check_run(spec.undo);
    check_placeholders(spec.undo, spec.parameters);
  }
  check_keys(tool, spec.run);
  return spec;
}

} // namespace

const ActionSpec *Registry::find(std::string_view name) const {
  const auto found =
      std::find_if(actions_.begin(), actions_.end(), [&](const ActionSpec &a) { return a.name == name; });
  return found == actions_.end() ? nullptr : &*found;
}

namespace {

// ":12", the line where `near` stands in the text, at or after the action's own name; empty where it is not found.
std::string line_of(std::string_view text, const std::string &action, const std::string &near) {
  const auto quoted = [](const std::string &key) { return key.starts_with("{") ? key : "\"" + key + "\""; };
  auto from = action.empty() ? 0 : text.find(quoted(action));
  from = from == std::string_view::npos ? 0 : from;
  auto at = near.empty() ? from : text.find(quoted(near), from);
  at = at == std::string_view::npos ? text.find(quoted(near)) : at; // keys may stand before the name
  return at == std::string_view::npos
             ? ""
             : ":" + std::to_string(1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

std::string name_of(const Json &tool) {
  const auto name = string_or_empty(tool, "name");
  return name.empty() && tool.is_object() && tool.contains("function") ? string_or_empty(tool["function"], "name")
                                                                       : name;
}

// `text` is the file's content, for lines in errors; empty where there is none.
Result<std::vector<ActionSpec>> specs_from_json(const Json &tools, std::string_view where, std::string_view text) {
  std::vector<ActionSpec> specs;
  const auto take = [&](const Json &tool, const std::string &place) -> Status {
    try {
      auto spec = spec_from_json(tool, std::string(where));
      if (std::any_of(specs.begin(), specs.end(), [&](const ActionSpec &other) { return other.name == spec.name; })) {
        fail("the action \"" + spec.name + "\" stands twice");
      }
      specs.push_back(std::move(spec));
      return {};
    } catch (const Malformed &malformed) {
      const auto line = text.empty() ? place : line_of(text, name_of(tool), malformed.near);
      return Error{std::string(where) + (line.empty() ? place : line) + ": " + malformed.what,
                   "See README, \"Add an action\""};
    }
  };
  if (!tools.is_array()) {
    const auto taken = take(tools, "");
    return taken ? Result<std::vector<ActionSpec>>(std::move(specs)) : Result<std::vector<ActionSpec>>(taken.error());
  }
  for (std::size_t i = 0; i < tools.size(); ++i) {
    if (const auto taken = take(tools[i], "[" + std::to_string(i) + "]"); !taken) {
      return taken.error();
    }
  }
  return specs;
}

} // namespace

Result<Registry> Registry::from_json(const Json &tools, std::string_view where) {
  auto specs = specs_from_json(tools, where, "");
  if (!specs) {
    return specs.error();
  }
  Registry registry;
  registry.actions_ = std::move(*specs);
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
  constexpr std::uintmax_t kMostBytes = 16ULL << 20U;
  Registry registry;
  for (const auto &file : files) {
    const auto text = read_file(file, kMostBytes);
    if (!text) {
      return text.error();
    }
    const auto json = parse_json(*text, file.string());
    if (!json) {
      return json.error();
    }
    auto specs = specs_from_json(*json, file.string(), *text);
    if (!specs) {
      return specs.error();
    }
    for (auto &spec : *specs) {
      if (const auto *other = registry.find(spec.name)) {
        return Error{file.string() + ": the action \"" + spec.name + "\" is already in " + other->source,
                     "Rename one of them"};
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
