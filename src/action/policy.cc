#include "action/policy.h"

#include "text/evidence.h"

#include <algorithm>
#include <array>

namespace yanxing::action {
namespace {

std::string say(Language language, const std::string &zh, const std::string &en) {
  return language == Language::kChinese ? zh : en;
}

// How a value is named in a question: an element by its label, everything else as it is.
std::string spoken(const Parameter &parameter, const Json &value, const Screen &screen) {
  const auto text = value.is_string() ? value.get<std::string>() : value.dump();
  if (parameter.kind == ParameterKind::kElement) {
    const auto *element = screen.find(text);
    if (element != nullptr && !element->name.empty()) {
      return element->name;
    }
  }
  return text;
}

std::string confirm_question(const ActionSpec &spec, const Action &action, const Screen &screen, Language language) {
  std::string values;
  for (const auto &parameter : spec.parameters) {
    if (action.arguments.contains(parameter.name)) {
      values += (values.empty() ? "" : language == Language::kChinese ? "，" : ", ") +
                spoken(parameter, action.arguments[parameter.name], screen);
    }
  }
  if (spec.run.is_object() && string_or_empty(spec.run, "builtin") == "share") {
    const auto target = spoken(*spec.find("target"), action.arguments.value("target", Json("")), screen);
    const auto person = string_or_empty(action.arguments, "recipient");
    return say(language, "要把" + target + "发给" + person + "吗？", "Send " + target + " to " + person + "?");
  }
  const auto &what = spec.description.in(language).empty() ? spec.name : spec.description.in(language);
  return say(language, "要" + what + (values.empty() ? "" : "（" + values + "）") + "吗？",
             what + (values.empty() ? "" : " (" + values + ")") + "?");
}

bool type_fits(const Parameter &parameter, const Json &value) {
  const auto &type = parameter.type;
  if ((type == "integer" || type == "number") && !value.is_number()) {
    return false;
  }
  if (type == "integer" && !value.is_number_integer()) {
    return false;
  }
  if ((type == "string" && !value.is_string()) || (type == "boolean" && !value.is_boolean()) ||
      (type == "array" && !value.is_array()) || (type == "object" && !value.is_object())) {
    return false;
  }
  if (value.is_number() && ((parameter.minimum && value.get<double>() < *parameter.minimum) ||
                            (parameter.maximum && value.get<double>() > *parameter.maximum))) {
    return false;
  }
  return parameter.choices.empty() ||
         std::find(parameter.choices.begin(), parameter.choices.end(), value) != parameter.choices.end();
}

Judgement refuse(const std::string &reason, const std::string &reply) { return {Verdict::kRefuse, reply, reason, {}, ""}; }

std::optional<Judgement> check_person(const Parameter &parameter, const Json &value, const std::vector<Contact> &contacts,
                                      Language language) {
  const auto spoken_name = value.is_string() ? value.get<std::string>() : "";
  const auto matches = match_contacts(spoken_name, contacts);
  if (matches.size() == 1) {
    return std::nullopt;
  }
  Judgement judgement{Verdict::kClarify, "", "", {}, parameter.name};
  if (matches.empty()) {
    judgement.reason = "ask: \"" + spoken_name + "\" is not among the contacts";
    judgement.question = say(language, "联系人里没有" + spoken_name + "，要发给谁？", "I don't know " + spoken_name + ". Who do you mean?");
    return judgement;
  }
  std::string names;
  for (const auto &contact : matches) {
    judgement.options.push_back(contact.name);
    names += (names.empty() ? "" : say(language, "还是", " or ")) + contact.name;
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
    const auto &described = parameter.description.in(language).empty() ? parameter.name : parameter.description.in(language);
    return Judgement{Verdict::kClarify, say(language, "请告诉我：" + described, "Please tell me: " + described),
                     "ask: " + parameter.name + " was not said", {}, parameter.name};
  }
  const auto &value = action.arguments[parameter.name];
  if (!type_fits(parameter, value)) {
    return refuse("refused: " + parameter.name + " = " + value.dump() + " breaks the action's schema",
                  say(language, "这个值不可以。", "That value is not allowed."));
  }
  if (parameter.kind == ParameterKind::kContact) {
    return check_person(parameter, value, contacts, language);
  }
  if (parameter.kind == ParameterKind::kElement && screen.find(value.get<std::string>()) == nullptr) {
    return Judgement{Verdict::kClarify, say(language, "屏幕上没有找到它，是哪一个？", "I can't see that on the screen. Which one?"),
                     "ask: the target is not on the screen", {}, parameter.name};
  }
  return std::nullopt;
}

} // namespace

Judgement judge(const ActionSpec *spec, const Action &action, const Screen &screen, const std::vector<Contact> &contacts,
                Language language) {
  if (spec == nullptr) {
    return refuse("refused: \"" + action.name + "\" is not in the registry", say(language, "我不会做这个。", "I can't do that."));
  }
  if (spec->risk == Risk::kForbidden) {
    return refuse("refused: \"" + action.name + "\" is forbidden", say(language, "这个操作被禁止了。", "That is forbidden."));
  }
  for (const auto &[name, value] : action.arguments.items()) {
    if (spec->find(name) == nullptr) {
      return refuse("refused: \"" + action.name + "\" has no parameter \"" + name + "\"", "");
    }
  }
  for (const auto &parameter : spec->parameters) {
    if (auto problem = check_argument(parameter, action, screen, contacts, language)) {
      return *problem;
    }
  }
  if (spec->risk == Risk::kConfirm) {
    return {Verdict::kAsk, confirm_question(*spec, action, screen, language), "confirm: this needs a yes", {}, ""};
  }
  return {Verdict::kRun, "", "allowed: safe", {}, ""};
}

std::vector<Contact> match_contacts(const std::string &spoken_name, const std::vector<Contact> &contacts) {
  const auto wanted = text::fold(spoken_name);
  if (wanted.empty()) {
    return {};
  }
  std::vector<Contact> exact;
  std::vector<Contact> partial;
  for (const auto &contact : contacts) {
    auto names = contact.aliases;
    names.push_back(contact.name);
    const auto folds_to = [&](const std::string &name) { return text::fold(name) == wanted; };
    if (std::any_of(names.begin(), names.end(), folds_to)) {
      exact.push_back(contact);
    } else if (const auto mention = text::find_mention(text::fold(contact.name), wanted); mention && mention->score >= 1) {
      partial.push_back(contact); // a given name alone
    }
  }
  return exact.empty() ? partial : exact;
}

std::optional<bool> heard_yes(const std::string &answer) {
  static constexpr std::array<std::string_view, 22> kNo{"不", "别", "取消", "算了", "停", "no",  "nope", "don't", "dont", "stop", "cancel",
                                                        "wait", "错", "没有", "n",    "never", "nah",  "等等",  "慢着", "先别", "否", "不用"};
  static constexpr std::array<std::string_view, 24> kYes{"是",  "好",  "对",  "行",   "可以", "发吧", "嗯",   "确定", "确认", "没错", "yes", "yeah",
                                                         "yep", "ok",  "okay", "sure", "y",    "please", "go ahead", "do it", "confirm", "发", "要", "send it"};
  const auto folded = text::fold(answer);
  const auto says = [&](std::string_view word) {
    const auto mention = text::find_mention(folded, word);
    return mention && mention->score >= 1;
  };
  static constexpr std::array<std::string_view, 3> kAffirmedDespite{"没错", "不错", "没问题"};
  if (std::any_of(kAffirmedDespite.begin(), kAffirmedDespite.end(), says)) {
    return true;
  }
  if (std::any_of(kNo.begin(), kNo.end(), says)) {
    return false;
  }
  return std::any_of(kYes.begin(), kYes.end(), says) ? std::optional(true) : std::nullopt;
}

} // namespace yanxing::action
