// The data shapes that pass between rooms: what is on the screen, who is known, what can be done,
// what was decided. Plain values with JSON forms; no behaviour. Thread rule: values, copy freely.
#pragma once

#include "base/json.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace yanxing {

enum class Language { kChinese, kEnglish };

// "zh" or "en".
std::string_view language_code(Language language);
// The language a text is written in: Chinese as soon as it holds a Han character, else English.
Language language_of(std::string_view utf8);

// Pixels of the captured picture, always in its original size; origin top left.
struct Box {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  bool operator==(const Box &) const = default;
  [[nodiscard]] bool empty() const { return width <= 0 || height <= 0; }
};

// One thing on the screen that can be named. `kind` is one of: table, cell, text, button, link, field,
// checkbox, radio, menu, tab, list, item, image, icon, document, window, slider, other.
struct Element {
  std::string id; // unique on this screen; `current_<kind>` for what is focused or under the pointer
  std::string kind;
  std::string name; // the label a user reads
  std::string text; // content (of a field, a document, a table's first cells), shortened
  Box box;
  std::vector<std::string> states; // focused, selected, checked, disabled, …
  std::string parent;              // id of the containing element, or empty
  int rows = 0;                    // tables only
  int columns = 0;                 // tables only
};

struct Screen {
  int width = 0;
  int height = 0;
  std::string app;
  std::string title;
  std::vector<Element> elements; // reading order; the most salient first where there are many

  [[nodiscard]] const Element *find(std::string_view id) const;
};

struct Contact {
  std::string name;
  std::string email;
  std::string phone;
  std::vector<std::string> aliases; // nicknames and titles by which people call this person (李经理)
};

// A text in both languages; either may be empty, then the other serves.
struct LocalText {
  std::string zh;
  std::string en;
  [[nodiscard]] const std::string &in(Language language) const;
};

// A text in one language (told by its script), or {"zh":…,"en":…}.
LocalText local_text_from_json(const Json &json);

// What a parameter refers to ("x-kind"): values come from this turn, not from the file.
enum class ParameterKind { kPlain, kElement, kContact, kApp, kDevice, kDuration, kTime };

struct Parameter {
  std::string name;
  LocalText description;
  std::string type = "string"; // JSON Schema: string, integer, number, boolean, array, object
  ParameterKind kind = ParameterKind::kPlain;
  bool required = false;
  std::vector<Json> choices; // "enum"; empty where free
  std::optional<double> minimum;
  std::optional<double> maximum;
  Json schema; // the parameter's JSON Schema as written
};

// A parameter from its JSON Schema (as far as it goes: unknown keys are kept in `schema` only).
Parameter parameter_from_schema(const std::string &name, const Json &schema, bool required);

enum class Risk { kSafe, kConfirm, kForbidden };

// One action of the registry: an OpenAI function tool plus our keys (DESIGN section 2).
struct ActionSpec {
  std::string name;
  LocalText description;
  std::vector<Parameter> parameters; // in the order of the file
  Risk risk = Risk::kSafe;
  Json undo;          // null, or the action that takes it back
  LocalText say;      // reply template; {parameter} is replaced by its value
  Json run;           // {"builtin":…}, {"command":[…]}, {"http":{…}}, {"mqtt":{…}}; null for a bare tool
  std::string source; // file it came from, for errors

  [[nodiscard]] const Parameter *find(std::string_view parameter) const;
};

// One decided action. name == "none" where nothing fits; then `reply` says so honestly.
struct Action {
  std::string name;
  Json arguments = Json::object(); // typed values, in schema order
  std::string reply;
};

struct Decision {
  std::vector<Action> actions; // never empty; [none] where nothing fits
  double confidence = 0;       // probability of this decision under the turn's grammar, calibrated; 0..1
  std::string tier;            // light, large, remote
};

inline constexpr std::string_view kNoAction = "none";

// {"action":"share","target":"current_table"}; several: {"actions":[…]}; none: {"action":"none","reply":"…"}.
// An action with a parameter that is itself called "action" keeps its arguments under "arguments".
Json to_json(const Action &action);
Json to_json(const Decision &decision);
Result<std::vector<Action>> actions_from_json(const Json &json, std::string_view where);

Json to_json(const Box &box); // [x,y,w,h]
Json to_json(const Element &element);
Json to_json(const Screen &screen);
Result<Screen> screen_from_json(const Json &json, std::string_view where);

Json to_json(const Contact &contact);
Result<std::vector<Contact>> contacts_from_json(const Json &json, std::string_view where);

} // namespace yanxing
