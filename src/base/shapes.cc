#include "base/shapes.h"

#include <algorithm>
#include <map>
#include <set>

namespace yanxing {
namespace {

Error shape_error(std::string_view where, const std::string &expected) {
  return Error{std::string(where) + ": " + expected, ""};
}

bool is_box(const Json &json) {
  return json.is_array() && json.size() == 4 &&
         std::all_of(json.begin(), json.end(), [](const Json &n) { return n.is_number(); });
}

int pixel(const Json &number) {
  constexpr double kLimit = 1e6;
  return static_cast<int>(std::clamp(number.get<double>(), -kLimit, kLimit));
}

Result<Element> element_from_json(const Json &json, const std::string &where) {
  if (!json.is_object()) {
    return shape_error(where, "an element must be an object");
  }
  Element element;
  element.id = string_or_empty(json, "id");
  if (element.id.empty()) {
    return shape_error(where, "an element needs an \"id\"");
  }
  element.kind = json.contains("kind") ? string_or_empty(json, "kind") : "other";
  element.name = string_or_empty(json, "name");
  element.text = string_or_empty(json, "text");
  element.parent = string_or_empty(json, "parent");
  if (json.contains("box")) {
    if (!is_box(json["box"])) {
      return shape_error(where, "\"box\" must be [x,y,width,height]");
    }
    const auto &box = json["box"];
    element.box = {pixel(box[0]), pixel(box[1]), pixel(box[2]), pixel(box[3])};
  }
  if (json.contains("states") && json["states"].is_array()) {
    for (const auto &state : json["states"]) {
      if (state.is_string()) {
        element.states.push_back(state.get<std::string>());
      }
    }
  }
  element.rows = json.value("rows", Json(0)).is_number() ? pixel(json.value("rows", Json(0))) : 0;
  element.columns = json.value("columns", Json(0)).is_number() ? pixel(json.value("columns", Json(0))) : 0;
  return element;
}

void put_if(Json &object, const char *key, const std::string &value) {
  if (!value.empty()) {
    object[key] = value;
  }
}

} // namespace

std::string_view language_code(Language language) { return language == Language::kChinese ? "zh" : "en"; }

Language language_of(std::string_view utf8) {
  // Han characters of the basic block are the three-byte sequences E4 B8 80 … E9 BF BF.
  for (std::size_t i = 0; i + 2 < utf8.size(); ++i) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    const auto next = static_cast<unsigned char>(utf8[i + 1]);
    if ((lead == 0xE4 && next >= 0xB8) || (lead > 0xE4 && lead <= 0xE9)) {
      return Language::kChinese;
    }
  }
  return Language::kEnglish;
}

const Element *Screen::find(std::string_view id) const {
  const auto found = std::find_if(elements.begin(), elements.end(), [&](const Element &e) { return e.id == id; });
  return found == elements.end() ? nullptr : &*found;
}

const std::string &LocalText::in(Language language) const {
  const auto &wanted = language == Language::kChinese ? zh : en;
  return wanted.empty() ? (language == Language::kChinese ? en : zh) : wanted;
}

const Parameter *ActionSpec::find(std::string_view parameter) const {
  const auto found =
      std::find_if(parameters.begin(), parameters.end(), [&](const Parameter &p) { return p.name == parameter; });
  return found == parameters.end() ? nullptr : &*found;
}

Parameter parameter_from_schema(const std::string &name, const Json &schema, bool required) {
  Parameter parameter;
  parameter.name = name;
  parameter.required = required;
  parameter.schema = schema;
  if (!schema.is_object()) {
    return parameter;
  }
  static const std::map<std::string, std::string, std::less<>> kTypes{
      {"dict", "object"},  {"float", "number"}, {"double", "number"}, {"int", "integer"}, {"long", "integer"},
      {"bool", "boolean"}, {"list", "array"},   {"tuple", "array"},   {"any", "string"}};
  if (auto type = string_or_empty(schema, "type"); !type.empty()) {
    const auto other = kTypes.find(type);
    parameter.type = other == kTypes.end() ? type : other->second;
  } else if (schema.contains("type") && schema["type"].is_array() && !schema["type"].empty() &&
             schema["type"][0].is_string()) {
    parameter.type = schema["type"][0].get<std::string>(); // ["string","null"]
  }
  parameter.description = local_text_from_json(schema.value("description", Json()));
  if (schema.contains("enum") && schema["enum"].is_array()) {
    parameter.choices.assign(schema["enum"].begin(), schema["enum"].end());
  }
  if (schema.contains("minimum") && schema["minimum"].is_number()) {
    parameter.minimum = schema["minimum"].get<double>();
  }
  if (schema.contains("maximum") && schema["maximum"].is_number()) {
    parameter.maximum = schema["maximum"].get<double>();
  }
  static const std::map<std::string, ParameterKind, std::less<>> kKinds{
      {"element", ParameterKind::kElement}, {"contact", ParameterKind::kContact},   {"app", ParameterKind::kApp},
      {"device", ParameterKind::kDevice},   {"duration", ParameterKind::kDuration}, {"time", ParameterKind::kTime}};
  if (const auto kind = kKinds.find(string_or_empty(schema, "x-kind")); kind != kKinds.end()) {
    parameter.kind = kind->second;
  }
  return parameter;
}

LocalText local_text_from_json(const Json &json) {
  if (json.is_object()) {
    return {string_or_empty(json, "zh"), string_or_empty(json, "en")};
  }
  if (!json.is_string()) {
    return {};
  }
  auto text = json.get<std::string>();
  return language_of(text) == Language::kChinese ? LocalText{text, ""} : LocalText{"", text};
}

Json to_json(const Action &action) {
  Json json{{"action", action.name}};
  if (action.arguments.contains("action") || action.arguments.contains("arguments")) {
    json["arguments"] = action.arguments;
  } else {
    json.update(action.arguments);
  }
  put_if(json, "reply", action.reply);
  return json;
}

Json to_json(const Decision &decision) {
  if (decision.actions.size() == 1) {
    return to_json(decision.actions.front());
  }
  Json list = Json::array();
  for (const auto &action : decision.actions) {
    list.push_back(to_json(action));
  }
  return Json{{"actions", list}};
}

Result<std::vector<Action>> actions_from_json(const Json &json, std::string_view where) {
  if (json.is_object() && json.contains("actions")) {
    if (!json["actions"].is_array()) {
      return shape_error(where, "\"actions\" must be a list");
    }
    std::vector<Action> all;
    for (const auto &item : json["actions"]) {
      auto one = actions_from_json(item, where);
      if (!one) {
        return one.error();
      }
      all.insert(all.end(), one->begin(), one->end());
    }
    return all;
  }
  Action action;
  action.name = string_or_empty(json, "action");
  if (action.name.empty()) {
    return shape_error(where, "expected {\"action\":\"name\",…}");
  }
  if (json.contains("arguments") && json["arguments"].is_object()) {
    action.arguments = json["arguments"];
  } else {
    for (const auto &[key, value] : json.items()) {
      if (key != "action" && !(action.name == kNoAction && key == "reply")) {
        action.arguments[key] = value;
      }
    }
  }
  if (action.name == kNoAction) {
    action.reply = string_or_empty(json, "reply");
  }
  return std::vector<Action>{std::move(action)};
}

Json to_json(const Box &box) { return Json::array({box.x, box.y, box.width, box.height}); }

Json to_json(const Element &element) {
  Json json{{"id", element.id}, {"kind", element.kind}};
  put_if(json, "name", element.name);
  put_if(json, "text", element.text);
  json["box"] = to_json(element.box);
  if (!element.states.empty()) {
    json["states"] = element.states;
  }
  put_if(json, "parent", element.parent);
  if (element.rows > 0) {
    json["rows"] = element.rows;
    json["columns"] = element.columns;
  }
  return json;
}

Json to_json(const Screen &screen) {
  Json elements = Json::array();
  for (const auto &element : screen.elements) {
    elements.push_back(to_json(element));
  }
  return Json{{"size", {screen.width, screen.height}},
              {"app", screen.app},
              {"title", screen.title},
              {"elements", std::move(elements)}};
}

Result<Screen> screen_from_json(const Json &json, std::string_view where) {
  if (!json.is_object()) {
    return shape_error(where, "a screen must be an object with \"size\" and \"elements\"");
  }
  Screen screen;
  screen.app = string_or_empty(json, "app");
  screen.title = string_or_empty(json, "title");
  if (json.contains("size")) {
    const auto &size = json["size"];
    if (!size.is_array() || size.size() != 2 || !size[0].is_number() || !size[1].is_number()) {
      return shape_error(where, "\"size\" must be [width,height]");
    }
    screen.width = pixel(size[0]);
    screen.height = pixel(size[1]);
  }
  if (!json.contains("elements")) {
    return screen;
  }
  if (!json["elements"].is_array()) {
    return shape_error(where, "\"elements\" must be a list");
  }
  std::set<std::string> seen;
  for (std::size_t i = 0; i < json["elements"].size(); ++i) {
    auto element = element_from_json(json["elements"][i], std::string(where) + ": elements[" + std::to_string(i) + "]");
    if (!element) {
      return element.error();
    }
    if (!seen.insert(element->id).second) {
      return shape_error(where, "element id \"" + element->id + "\" stands twice");
    }
    screen.elements.push_back(std::move(*element));
  }
  return screen;
}

Json to_json(const Contact &contact) {
  Json json{{"name", contact.name}};
  put_if(json, "email", contact.email);
  put_if(json, "phone", contact.phone);
  if (!contact.aliases.empty()) {
    json["aliases"] = contact.aliases;
  }
  return json;
}

Result<std::vector<Contact>> contacts_from_json(const Json &json, std::string_view where) {
  if (!json.is_array()) {
    return shape_error(where, "contacts must be a list of {\"name\",\"email\"}");
  }
  std::vector<Contact> contacts;
  for (const auto &item : json) {
    Contact contact{string_or_empty(item, "name"), string_or_empty(item, "email"), string_or_empty(item, "phone"), {}};
    if (contact.name.empty()) {
      return shape_error(where, "a contact needs a \"name\"");
    }
    if (item.contains("aliases") && item["aliases"].is_array()) {
      for (const auto &alias : item["aliases"]) {
        if (alias.is_string()) {
          contact.aliases.push_back(alias.get<std::string>());
        }
      }
    }
    contacts.push_back(std::move(contact));
  }
  return contacts;
}

} // namespace yanxing
