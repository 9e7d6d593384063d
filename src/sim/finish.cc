#include "sim/finish.h"

#include "text/evidence.h"
#include "text/known_words.h"
#include "text/normalize.h"
#include "text/requests.h"
#include "text/slots.h"
#include "text/when.h"

#include <algorithm>
#include <cctype>

namespace yanxing::sim {
namespace {

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return c < 0x80 ? static_cast<char>(std::tolower(c)) : static_cast<char>(c); });
  return text;
}

std::string tidy(const std::string &text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' || (!out.empty() && out.back() != ' ')) {
      out += c;
    }
  }
  while (!out.empty() && (out.back() == ' ' || out.back() == ',')) {
    out.pop_back();
  }
  return out;
}

// "a americano" → "an americano"; a university, a one-way trip.
std::string with_articles(std::string text) {
  for (auto at = text.find("a "); at != std::string::npos; at = text.find("a ", at + 1)) {
    const auto rest = std::string_view(text).substr(at + 2);
    const bool article = at == 0 || text[at - 1] == ' ';
    const bool vowel = !rest.empty() && std::string_view("aeiouAEIO").find(rest[0]) != std::string_view::npos;
    const bool spoken_like_you = rest.starts_with("uni") || rest.starts_with("use") || rest.starts_with("one") ||
                                 rest.starts_with("is ") || rest.starts_with("equals") || rest.starts_with("eu");
    if (article && vowel && !spoken_like_you) {
      text.insert(at + 1, "n");
    }
  }
  return text;
}

// Telephone numbers, addresses, versions: nobody types these in words.
bool has_codes(const Utterance &utterance) {
  return std::any_of(utterance.calls.begin(), utterance.calls.end(), [](const Call &call) {
    return std::any_of(call.values.begin(), call.values.end(), [](const Value &value) {
      return value.copied && text_of(value.said).find_first_of("0123456789.@") != std::string::npos;
    });
  });
}

} // namespace

Finisher::Finisher(const World &world, const Noise &noise, const text::Repairer *repairer, Random &random)
    : world_(world), noise_(noise), repairer_(repairer), random_(random) {
  known_ = text::known_words(world.specs, world.screen ? &*world.screen : nullptr,
                             world.contacts ? &*world.contacts : nullptr);
}

Finisher::Style Finisher::draw_style() {
  Style style;
  const double writing = random_.unit();
  style.writing = writing < 0.80 ? Writing::kRecognised : writing < 0.93 ? Writing::kTyped : Writing::kSpelledOut;
  style.lower = world_.language == Language::kEnglish && random_.chance(0.38);
  return style;
}

// The words of one value, as the transcript has them.
std::string Finisher::written(const std::string &text, const Style &style) const {
  const auto cased = style.lower ? lowered(text) : text;
  switch (style.writing) {
  case Writing::kRecognised:
    return text::normalize_numbers(cased, world_.language);
  case Writing::kSpelledOut:
    return text::spoken_form(cased, world_.language);
  case Writing::kTyped:
    break;
  }
  return cased;
}

std::string Finisher::dressed(std::string text, const Style &style) {
  if (style.lower) {
    text = lowered(std::move(text));
  } else if (world_.language == Language::kEnglish && random_.chance(0.75)) {
    text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  }
  switch (style.writing) {
  case Writing::kRecognised:
    return text::normalize_transcript(text, world_.language);
  case Writing::kSpelledOut:
    return text::spoken_form(text, world_.language);
  case Writing::kTyped:
    break;
  }
  if (random_.chance(0.35)) {
    text += world_.language == Language::kChinese ? "。" : ".";
  }
  return text;
}

// The value as it stands in what was heard; nothing where it does not.
std::optional<Json> Finisher::copied(const Json &gold, const std::string &heard, const Style &style) const {
  if (gold.is_array()) {
    Json list = Json::array();
    for (const auto &item : gold) {
      auto one = copied(item, heard, style);
      if (!one) {
        return std::nullopt;
      }
      list.push_back(std::move(*one));
    }
    return list;
  }
  if (!gold.is_string()) {
    return gold;
  }
  const auto wanted = lowered(written(gold.get<std::string>(), style));
  const auto at = wanted.empty() ? std::string::npos : lowered(heard).rfind(wanted);
  if (at == std::string::npos) {
    return std::nullopt;
  }
  auto words = heard.substr(at, wanted.size());
  if (at == 0 && !style.lower) { // the capital of the sentence is not the value's
    words[0] = gold.get<std::string>()[0];
  }
  return Json(words);
}

std::optional<Json> Finisher::action_of(const Call &call, const std::string &request, const Style &style) const {
  Json action{{"action", call.tool->name}};
  const auto &spec = world_.specs[static_cast<std::size_t>(call.tool - world_.tools.data())];
  for (const auto &arg : call.tool->args) {
    const auto *value = call.find(&arg);
    if (value == nullptr) {
      continue;
    }
    const auto *parameter = spec.find(arg.name);
    const auto kind = parameter == nullptr ? ParameterKind::kPlain : parameter->kind;
    if (!value->copied) {
      action[arg.name] = value->gold;
    } else if (kind == ParameterKind::kTime) {
      const auto span = text::find_time_phrase(request);
      const auto said = written(value->gold.get<std::string>(), style);
      const auto phrase = span ? request.substr(span->begin, span->size()) : std::string();
      if (!span ||
          (said.find(phrase) == std::string::npos && lowered(phrase).find(lowered(said)) == std::string::npos)) {
        return std::nullopt;
      }
      action[arg.name] = phrase;
    } else if (kind == ParameterKind::kContact && world_.contacts) {
      const auto named = text::people_named(request, *world_.contacts);
      if (std::find(named.begin(), named.end(), value->gold.get<std::string>()) != named.end()) {
        action[arg.name] = value->gold;
        continue;
      }
      const auto words = named.empty() ? copied(value->gold, request, style) : std::nullopt; // nobody who is known
      if (!words) {
        return std::nullopt;
      }
      action[arg.name] = *words;
    } else {
      auto gold = value->gold;
      if (arg.def->form == Form::kTime && gold.get<std::string>().starts_with("at ")) {
        gold = gold.get<std::string>().substr(3);
      }
      const auto words = copied(gold, request, style);
      if (!words) {
        return std::nullopt;
      }
      action[arg.name] = *words;
    }
  }
  return action;
}

// Whether the grammar of the turn lets these values be written.
bool Finisher::writable(const Call &call, const Json &action, const std::string &request) const {
  const auto &spec = world_.specs[static_cast<std::size_t>(call.tool - world_.tools.data())];
  const auto slots = text::slots_for(spec, request, world_.screen ? &*world_.screen : nullptr,
                                     world_.contacts ? &*world_.contacts : nullptr);
  return std::all_of(slots.begin(), slots.end(), [&](const text::Slot &slot) {
    const auto value = action.find(slot.parameter->name);
    if (value == action.end()) {
      return true;
    }
    const bool closed = !slot.parameter->choices.empty(); // all of it is in the prompt
    const bool listed = std::any_of(slot.choices.begin(), slot.choices.end(),
                                    [&](const text::Choice &choice) { return choice.value == *value; });
    return !slot.absent && (closed || slot.choices.empty() || listed);
  });
}

std::optional<Finished> Finisher::finish(const Utterance &utterance, bool heard_wrong) {
  auto style = draw_style();
  auto said = utterance.said;
  if (heard_wrong) {
    style.writing = Writing::kRecognised;
    noise_.disturb(said, world_.language, random_);
  }
  if (has_codes(utterance) && style.writing == Writing::kSpelledOut) {
    style.writing = Writing::kRecognised;
  }
  auto plain = tidy(text_of(said));
  if (world_.language == Language::kEnglish) {
    plain = with_articles(std::move(plain));
  }
  if (plain.empty()) {
    return std::nullopt;
  }
  Finished finished;
  finished.transcript = dressed(std::move(plain), style);
  const auto heard = repairer_ == nullptr ? finished.transcript : repairer_->repair(finished.transcript, known_).text;
  if (heard.empty() || utterance.calls.empty()) {
    return heard.empty() ? std::nullopt : std::optional(std::move(finished));
  }
  const auto requests = text::split_requests(heard, world_.specs);
  const bool one_each = requests.size() == utterance.calls.size();
  Json actions = Json::array();
  for (std::size_t i = 0; i < utterance.calls.size(); ++i) {
    const auto &request = one_each ? requests[i] : heard;
    auto action = action_of(utterance.calls[i], request, style);
    if (!action || !writable(utterance.calls[i], *action, request)) {
      return std::nullopt;
    }
    actions.push_back(std::move(*action));
  }
  finished.action = actions.size() == 1 ? Json(actions[0]) : Json{{"actions", std::move(actions)}};
  return finished;
}

} // namespace yanxing::sim
