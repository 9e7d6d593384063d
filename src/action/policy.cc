#include "action/policy.h"

#include "text/evidence.h"
#include "text/utf8.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string_view>

namespace yanxing::action {
namespace {

std::string say(Language language, const std::string &zh, const std::string &en) {
  return language == Language::kChinese ? zh : en;
}

// How a value is named in a question: an element by its label, everything else as it is.
std::string spoken(const Parameter &parameter, const Json &value, const Screen &screen) {
  auto text = value.is_string() ? value.get<std::string>() : dump(value);
  if (parameter.kind == ParameterKind::kElement) {
    const auto *element = screen.find(text);
    if (element != nullptr && !element->name.empty()) {
      return element->name;
    }
  }
  return text;
}

// Whom a spoken name means, by the full name: what is confirmed is who really gets it.
std::string person_meant(const std::string &spoken_name, const std::vector<Contact> &contacts) {
  const auto matches = match_contacts(spoken_name, contacts);
  return matches.size() == 1 ? matches.front().name : spoken_name;
}

std::string confirm_question(const ActionSpec &spec, const Action &action, const Screen &screen,
                             const std::vector<Contact> &contacts, Language language) {
  std::string values;
  std::string element;
  std::string person;
  for (const auto &parameter : spec.parameters) {
    if (!action.arguments.contains(parameter.name)) {
      continue;
    }
    auto value = spoken(parameter, action.arguments[parameter.name], screen);
    if (parameter.kind == ParameterKind::kContact) {
      value = person = person_meant(value, contacts);
    } else if (parameter.kind == ParameterKind::kElement) {
      element = value;
    }
    values += (values.empty() ? "" : say(language, "，", ", ")) + value;
  }
  if (string_or_empty(spec.run, "builtin") == "share" && !element.empty() && !person.empty()) {
    return say(language, "要把" + element + "发给" + person + "吗？", "Send " + element + " to " + person + "?");
  }
  const auto &what = spec.description.in(language).empty() ? spec.name : spec.description.in(language);
  return say(language, "要" + what + (values.empty() ? "" : "（" + values + "）") + "吗？",
             what + (values.empty() ? "" : " (" + values + ")") + "?");
}

bool fits(const Parameter &parameter, const Json &value);

// minLength, maxLength (in characters), minItems, maxItems.
bool size_fits(const Json &schema, std::size_t size, const char *least, const char *most) {
  const auto limit = [&](const char *key, std::size_t otherwise) {
    const auto found = schema.find(key);
    return found != schema.end() && found->is_number_unsigned() ? found->get<std::size_t>() : otherwise;
  };
  return size >= limit(least, 0) && size <= limit(most, SIZE_MAX);
}

bool inner_fits(const Json &schema, const Json &value) {
  if (!schema.is_object()) {
    return true;
  }
  if (value.is_string()) {
    return size_fits(schema, text::to_code_points(value.get<std::string>()).size(), "minLength", "maxLength");
  }
  if (value.is_array()) {
    const auto items = parameter_from_schema("", schema.value("items", Json()), false);
    const bool typed = schema.contains("items") && schema["items"].is_object() && schema["items"].contains("type");
    return size_fits(schema, value.size(), "minItems", "maxItems") &&
           (!typed || std::all_of(value.begin(), value.end(), [&](const Json &item) { return fits(items, item); }));
  }
  const auto properties = schema.find("properties");
  if (value.is_object() && properties != schema.end() && properties->is_object()) {
    for (const auto &[key, inner] : value.items()) {
      const auto known = properties->find(key);
      if (known == properties->end() ||
          (known->is_object() && known->contains("type") && !fits(parameter_from_schema(key, *known, false), inner))) {
        return false;
      }
    }
  }
  return true;
}

bool fits(const Parameter &parameter, const Json &value) {
  const auto &type = parameter.type;
  if ((type == "number" && !value.is_number()) || (type == "integer" && !value.is_number_integer()) ||
      (type == "string" && !value.is_string()) || (type == "boolean" && !value.is_boolean()) ||
      (type == "array" && !value.is_array()) || (type == "object" && !value.is_object())) {
    return false;
  }
  if (value.is_number() && ((parameter.minimum && value.get<double>() < *parameter.minimum) ||
                            (parameter.maximum && value.get<double>() > *parameter.maximum))) {
    return false;
  }
  const auto &choices = parameter.choices;
  return (choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end()) &&
         inner_fits(parameter.schema, value);
}

Judgement refuse(const std::string &reason, const std::string &reply) {
  return {Verdict::kRefuse, reply, reason, {}, ""};
}

std::optional<Judgement> check_person(const Parameter &parameter, const Json &value,
                                      const std::vector<Contact> &contacts, Language language) {
  const auto spoken_name = value.get<std::string>();
  const auto matches = match_contacts(spoken_name, contacts);
  if (matches.size() == 1) {
    return std::nullopt;
  }
  Judgement judgement{Verdict::kClarify, "", "", {}, parameter.name};
  if (matches.empty()) {
    judgement.reason = "ask: \"" + spoken_name + "\" is not among the contacts";
    judgement.question = say(language, "联系人里没有" + spoken_name + "，要发给谁？",
                             "I don't know " + spoken_name + ". Who do you mean?");
    return judgement;
  }
  std::string names;
  for (const auto &contact : matches) {
    const bool namesake =
        std::count_if(matches.begin(), matches.end(), [&](const Contact &c) { return c.name == contact.name; }) > 1;
    judgement.options.push_back(contact.name);
    names += (names.empty() ? "" : say(language, "还是", " or ")) + contact.name +
             (namesake ? " <" + contact.email + ">" : "");
  }
  judgement.reason = "ask: several people are called \"" + spoken_name + "\"";
  judgement.question = say(language, "是" + names + "？", "Do you mean " + names + "?");
  return judgement;
}

std::optional<Judgement> check_argument(const Parameter &parameter, const Action &action, const Screen &screen,
                                        const std::vector<Contact> &contacts, Language language) {
  if (!action.arguments.contains(parameter.name)) {
    if (!parameter.required) {
      return std::nullopt;
    }
    const auto &described =
        parameter.description.in(language).empty() ? parameter.name : parameter.description.in(language);
    return Judgement{Verdict::kClarify,
                     say(language, "请告诉我：" + described, "Please tell me: " + described),
                     "ask: " + parameter.name + " was not said",
                     {},
                     parameter.name};
  }
  const auto &value = action.arguments[parameter.name];
  const bool refers = parameter.kind == ParameterKind::kContact || parameter.kind == ParameterKind::kElement;
  if (!fits(parameter, value) || (refers && !value.is_string())) {
    return refuse("refused: " + parameter.name + " = " + dump(value) + " breaks the action's schema",
                  say(language, "这个值不可以。", "That value is not allowed."));
  }
  if (parameter.kind == ParameterKind::kContact) {
    return check_person(parameter, value, contacts, language);
  }
  if (parameter.kind == ParameterKind::kElement && screen.find(value.get<std::string>()) == nullptr) {
    return Judgement{Verdict::kClarify,
                     say(language, "屏幕上没有找到它，是哪一个？", "I can't see that on the screen. Which one?"),
                     "ask: the target is not on the screen",
                     {},
                     parameter.name};
  }
  return std::nullopt;
}

} // namespace

Judgement judge(const ActionSpec *spec, const Action &action, const Screen &screen,
                const std::vector<Contact> &contacts, Language language) {
  if (spec == nullptr) {
    return refuse("refused: \"" + action.name + "\" is not in the registry",
                  say(language, "我不会做这个。", "I can't do that."));
  }
  if (spec->risk == Risk::kForbidden) {
    return refuse("refused: \"" + action.name + "\" is forbidden",
                  say(language, "这个操作被禁止了。", "That is forbidden."));
  }
  for (const auto &[name, value] : action.arguments.items()) {
    if (spec->find(name) == nullptr) {
      return refuse("refused: \"" + action.name + "\" has no parameter \"" + name + "\"",
                    say(language, "这个值不可以。", "That value is not allowed."));
    }
  }
  for (const auto &parameter : spec->parameters) {
    if (auto problem = check_argument(parameter, action, screen, contacts, language)) {
      return *problem;
    }
  }
  if (spec->risk == Risk::kConfirm) {
    return {Verdict::kAsk,
            confirm_question(*spec, action, screen, contacts, language),
            "confirm: this needs a yes",
            {},
            ""};
  }
  return {Verdict::kRun, "", "allowed: safe", {}, ""};
}

std::vector<Contact> match_contacts(const std::string &spoken_name, const std::vector<Contact> &contacts) {
  const auto wanted = text::fold(spoken_name);
  if (wanted.empty()) {
    return {};
  }
  const auto names_in = [](const std::string &folded, const std::string &part) {
    const auto mention = text::find_mention(folded, part);
    return mention && mention->score >= 1;
  };
  const auto adorns = [&](const std::string &name) { // a title around the name, not a second person
    constexpr std::size_t kLongestTitleBytes = 12;
    return !name.empty() && wanted.size() <= name.size() + kLongestTitleBytes && names_in(wanted, name) &&
           !names_in(wanted, "和") && !names_in(wanted, "跟") && !names_in(wanted, "and") &&
           wanted.find_first_of(",&") == std::string::npos;
  };
  std::vector<Contact> exact;
  std::vector<Contact> partial; // a given name alone
  std::vector<Contact> adorned; // the name with something around it: 李建国经理, "Mister John Lee"
  for (const auto &contact : contacts) {
    const auto name = text::fold(contact.name);
    const bool called = std::any_of(contact.aliases.begin(), contact.aliases.end(),
                                    [&](const std::string &alias) { return text::fold(alias) == wanted; });
    auto &found = called || name == wanted ? exact : names_in(name, wanted) ? partial : adorned;
    const bool again = std::any_of(found.begin(), found.end(), [&](const Contact &c) {
      return c.name == contact.name && c.email == contact.email;
    });
    if (!again && (&found != &adorned || adorns(name))) {
      found.push_back(contact);
    }
  }
  return !exact.empty() ? exact : !partial.empty() ? partial : adorned;
}

namespace {

struct Lexicon {
  std::vector<std::string_view> no; // anywhere in the answer
  std::vector<std::string_view> yes;
  std::vector<std::string_view> filler;
};

const Lexicon &lexicon() {
  static const Lexicon kWords{
      {"不",   "别",  "取消", "算了",  "停",   "错",  "没有",  "等等", "等一下", "慢着", "否", "no",
       "nope", "nah", "not",  "don't", "dont", "don", "never", "stop", "cancel", "wait", "n"},
      {"没错",    "不错",      "没问题", "是的",    "是",   "好的", "好",   "对的",      "对",
       "行",      "可以",      "嗯",     "确定",    "确认", "同意", "要",   "发送",      "发吧",
       "发",      "yes",       "yeah",   "yep",     "yup",  "ok",   "okay", "sure",      "y",
       "confirm", "confirmed", "right",  "correct", "go",   "send", "do",   "certainly", "absolutely"},
      {"吧", "啊",     "呀",    "的", "了",   "呢", "嘛",     "请",     "给他",  "给她", "就这样",
       "就", "please", "ahead", "it", "that", "of", "course", "thanks", "thank", "you",  "谢谢"}};
  return kWords;
}

// Length of the longest word of the list that `text` begins with; 0 where there is none.
std::size_t longest_start(std::string_view text, const std::vector<std::string_view> &words) {
  std::size_t longest = 0;
  for (const auto word : words) {
    longest = text.starts_with(word) ? std::max(longest, word.size()) : longest;
  }
  return longest;
}

bool is_word_byte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '\''; }

// What the next word of the answer is, and where it ends. A word of spaced script counts whole only.
enum class Said { kYes, kNo, kFiller, kNothing, kElse };
Said next_word(std::string_view &rest) {
  static const std::vector<std::string_view> kMarks{"，", "。", "！", "、", "；", "…", "～"};
  const auto ascii = static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_word_byte) - rest.begin());
  const auto &words = lexicon();
  if (ascii > 0) {
    const auto word = rest.substr(0, ascii);
    rest.remove_prefix(ascii);
    const auto in = [&](const std::vector<std::string_view> &list) {
      return std::find(list.begin(), list.end(), word) != list.end();
    };
    return in(words.no) ? Said::kNo : in(words.yes) ? Said::kYes : in(words.filler) ? Said::kFiller : Said::kElse;
  }
  if (static_cast<unsigned char>(rest.front()) < 0x80) {
    const bool question = rest.front() == '?';
    rest.remove_prefix(1);
    return question ? Said::kElse : Said::kNothing;
  }
  const auto yes = longest_start(rest, words.yes);
  const auto no = longest_start(rest, words.no);
  const auto filler = std::max(longest_start(rest, words.filler), longest_start(rest, kMarks));
  const auto longest = std::max({yes, no, filler});
  std::size_t unknown = 1; // one character
  while (unknown < rest.size() && (static_cast<unsigned char>(rest[unknown]) & 0xC0U) == 0x80U) {
    ++unknown;
  }
  rest.remove_prefix(longest > 0 ? longest : unknown);
  return longest == 0 ? Said::kElse : longest == yes ? Said::kYes : longest == no ? Said::kNo : Said::kFiller;
}

} // namespace

// A no anywhere is a no. A yes must be nothing but a yes: "发给谁？" and "发给王芳" hold the word too, and are no
// consent.
std::optional<bool> heard_yes(const std::string &answer) {
  const auto folded = text::fold(answer);
  std::string_view rest = folded;
  bool yes = false;
  bool other = false;
  while (!rest.empty()) {
    const auto said = next_word(rest);
    if (said == Said::kNo) {
      return false;
    }
    yes = yes || said == Said::kYes;
    other = other || said == Said::kElse;
  }
  return yes && !other ? std::optional(true) : std::nullopt;
}

} // namespace yanxing::action
