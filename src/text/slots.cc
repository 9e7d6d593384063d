#include "text/slots.h"

#include "text/normalize.h"
#include "text/when.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <set>

namespace yanxing::text {
namespace {

// Log-odds given by evidence. Strong evidence decides, weak evidence leans, silence speaks against.
constexpr double kNamed = 6;
constexpr double kCertain = Slot::kCertain;
constexpr double kNever = Slot::kNever;
constexpr double kSilent = -4;
constexpr double kImplied = -0.3; // codes that a question implies: the model tells
constexpr double kFull = 0.9;     // score of a mention that names its phrase in full
constexpr double kParted = 0.8;   // … with other words between
constexpr double kLikely = 2;
constexpr double kCounting = -1.5; // "all the lights" is rarely a lamp named "all"
constexpr double kPartly = -3;     // "the water sensors" are not the "water pipes"
constexpr double kUnsaid = -1.5;

struct Claim {
  std::size_t parameter = 0;
  std::size_t choice = 0;
  Mention mention;
};

std::string spoken_choice(const Json &value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

// Every value of every closed set that is named; where spans overlap, the longer and fuller one keeps the words, so
// that "bedroom lamp" is not also the area "bedroom".
std::vector<Claim> claim_words(const ActionSpec &spec, const std::string &folded) {
  std::vector<Claim> all;
  for (std::size_t p = 0; p < spec.parameters.size(); ++p) {
    const auto &parameter = spec.parameters[p];
    for (std::size_t c = 0; c < parameter.choices.size(); ++c) {
      const auto said = normalize_numbers(spoken_choice(parameter.choices[c]), Language::kEnglish);
      if (const auto mention = find_mention(folded, said)) {
        all.push_back({p, c, *mention});
      }
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Claim &a, const Claim &b) {
    const bool full_a = a.mention.score >= kFull;
    const bool full_b = b.mention.score >= kFull;
    if (full_a != full_b) {
      return full_a;
    }
    if (full_a && a.mention.span.size() != b.mention.span.size()) {
      return a.mention.span.size() > b.mention.span.size();
    }
    return a.mention.score > b.mention.score;
  });
  std::vector<Claim> kept;
  for (const auto &claim : all) {
    const bool taken = std::any_of(kept.begin(), kept.end(), [&](const Claim &k) {
      const bool same_words =
          k.mention.span.begin == claim.mention.span.begin && k.mention.span.end == claim.mention.span.end;
      return k.mention.span.overlaps(claim.mention.span) && !(same_words && k.mention.score == claim.mention.score);
    });
    if (!taken) {
      kept.push_back(claim);
    }
  }
  return kept;
}

// A closed set in the language of the sentence that is not named at all was not said; one in another language may be
// meant by words that cannot be compared.
bool comparable(const std::vector<Json> &choices, const std::string &folded) {
  return std::any_of(choices.begin(), choices.end(),
                     [&](const Json &choice) { return language_of(spoken_choice(choice)) == language_of(folded); });
}

// Codes of a program ("binary_sensor", "on", "PM") rather than names of things ("Guest Room", "bedside lamp"): what a
// question implies without saying it. The model tells these; nobody means a thing without naming it.
bool are_codes(const std::vector<Json> &choices) {
  return std::all_of(choices.begin(), choices.end(), [](const Json &choice) {
    if (!choice.is_string()) {
      return false;
    }
    const auto &text = choice.get_ref<const std::string &>();
    const auto is = [&text](auto good) { return std::all_of(text.begin(), text.end(), good); };
    const bool lower = is([](unsigned char c) { return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '_'; });
    const bool upper = is([](unsigned char c) { return std::isupper(c) != 0 || std::isdigit(c) != 0 || c == '_'; });
    return lower || upper;
  });
}

// "All the lights": a word that counts what another argument names, as a rule, though it may be a value too.
bool is_quantifier(const Json &choice) {
  static const std::set<std::string, std::less<>> kWords{"all", "any", "every", "全部", "所有", "全"};
  return choice.is_string() && kWords.contains(fold(choice.get<std::string>()));
}

// "Are any water sensors wet?", "how many lights": whoever counts things of a kind means no single one of them.
bool counts_things(const std::string &folded) {
  static constexpr std::array<std::string_view, 7> kEnglish{"all",      "any",   "every",     "each",
                                                            "how many", "which", "everywhere"};
  static constexpr std::array<std::string_view, 7> kChinese{"所有", "全部", "每个", "每一", "哪些", "哪几", "多少"};
  return std::any_of(kEnglish.begin(), kEnglish.end(),
                     [&](std::string_view word) {
                       const auto mention = find_mention(folded, word);
                       return mention && mention->score == 1;
                     }) ||
         std::any_of(kChinese.begin(), kChinese.end(),
                     [&](std::string_view word) { return folded.find(word) != std::string::npos; });
}

void fill_choices(Slot &slot, std::size_t index, const std::vector<Claim> &claims, const std::string &folded) {
  const auto &choices = slot.parameter->choices;
  std::vector<double> scores(choices.size(), 0);
  for (const auto &claim : claims) {
    if (claim.parameter == index) {
      scores[claim.choice] = std::max(scores[claim.choice], claim.mention.score);
    }
  }
  const double best = *std::max_element(scores.begin(), scores.end());
  // The same words may fill another argument too ("translate it to Chinese": from or to?): the model tells which.
  const bool shared = std::any_of(claims.begin(), claims.end(), [&](const Claim &own) {
    return own.parameter == index && std::any_of(claims.begin(), claims.end(), [&](const Claim &other) {
             return other.parameter != index && other.mention.span.overlaps(own.mention.span);
           });
  });
  for (std::size_t c = 0; c < choices.size(); ++c) {
    if (best < kFull || scores[c] >= kFull) { // what is named in full leaves no choice to the others
      slot.choices.push_back({choices[c], kNamed * scores[c]});
    }
  }
  slot.form = Slot::Form::kChoice;
  const bool counts = best >= kFull && std::all_of(slot.choices.begin(), slot.choices.end(),
                                                   [](const Choice &choice) { return is_quantifier(choice.value); });
  // A thing's name that fits only in part, or only in the plural, is the word for the kind.
  const bool is_kind = best < 1 && !are_codes(choices) && counts_things(folded);
  slot.presence = counts                         ? kCounting
                  : is_kind                      ? (best >= kFull ? kPartly : kNever)
                  : best >= kFull && !shared     ? kCertain
                  : best >= kParted              ? kLikely
                  : are_codes(choices)           ? kImplied
                  : best > 0.3                   ? kPartly
                  : !comparable(choices, folded) ? kUnsaid
                                                 : kNever;
}

bool in_range(const Parameter &parameter, double value) {
  return (!parameter.minimum || value >= *parameter.minimum) && (!parameter.maximum || value <= *parameter.maximum);
}

constexpr double kMostExact = 9007199254740992; // 2^53: larger whole numbers are no longer told apart

void fill_numbers(Slot &slot, const std::vector<SpokenNumber> &numbers, const std::vector<Claim> &claims) {
  slot.form = Slot::Form::kNumber;
  slot.integer = slot.parameter->type == "integer";
  const auto add = [&slot](const Json &value) {
    const bool twice = std::any_of(slot.choices.begin(), slot.choices.end(),
                                   [&](const Choice &choice) { return choice.value == value; });
    if (!twice) {
      slot.choices.push_back({value, 0});
    }
  };
  for (const auto &number : numbers) {
    const bool taken = std::any_of(claims.begin(), claims.end(), [&](const Claim &claim) {
      return claim.mention.score >= kFull && claim.mention.span.overlaps(number.span);
    });
    const bool whole = std::floor(number.value) == number.value;
    if (taken || std::abs(number.value) > kMostExact || !in_range(*slot.parameter, number.value) ||
        (slot.integer && !whole)) {
      continue;
    }
    const Json value = whole ? Json(static_cast<long long>(number.value)) : Json(number.value);
    add(value);
    const bool share = !slot.integer && !slot.parameter->maximum && number.percent;
    if (share) { // 4 % may be asked for as 0.04: the model tells
      add(Json(number.value / 100));
    }
  }
  slot.presence = slot.choices.empty() ? kSilent : 2;
}

void fill_people(Slot &slot, const std::string &utterance, const std::vector<Contact> *contacts) {
  slot.form = Slot::Form::kChoice;
  if (contacts != nullptr) {
    for (const auto &name : people_named(utterance, *contacts)) {
      slot.choices.push_back({name, 0});
    }
  }
  if (slot.choices.empty()) {
    slot.form = Slot::Form::kString; // somebody who is not known: the policy will ask
  }
  slot.presence = slot.form == Slot::Form::kChoice ? kNamed : kUnsaid;
}

void fill_elements(Slot &slot, const std::string &utterance, const Screen *screen) {
  constexpr std::size_t kMostMatches = 12;
  constexpr std::size_t kMostUnmatched = 24;
  slot.form = Slot::Form::kChoice;
  if (screen == nullptr || screen->elements.empty()) {
    slot.form = Slot::Form::kString;
    return;
  }
  auto matches = match_elements(utterance, *screen);
  if (matches.size() > kMostMatches) {
    matches.resize(kMostMatches);
  }
  for (const auto &match : matches) {
    slot.choices.push_back({match.element->id, 3 * match.score});
  }
  if (matches.empty()) {
    for (std::size_t i = 0; i < std::min(kMostUnmatched, screen->elements.size()); ++i) {
      slot.choices.push_back({screen->elements[i].id, 0});
    }
  }
  slot.presence = matches.empty() ? kSilent : 2 * matches.front().score;
}

void fill_time(Slot &slot, const std::string &utterance) {
  slot.form = Slot::Form::kChoice;
  if (const auto span = find_time_phrase(utterance)) {
    slot.choices.push_back({utterance.substr(span->begin, span->size()), 0});
    slot.presence = kNamed;
  } else {
    slot.absent = true;
  }
}

// Nothing in free text shows by itself that an optional argument was said; its own name in the words does.
void fill_plain(Slot &slot, const std::string &folded) {
  constexpr double kUnnamed = -5;
  const auto &type = slot.parameter->type;
  slot.form = type == "boolean"  ? Slot::Form::kBoolean
              : type == "array"  ? Slot::Form::kList
              : type == "object" ? Slot::Form::kObject
                                 : Slot::Form::kString;
  const auto named = find_mention(folded, slot.parameter->name);
  slot.presence = named && named->score >= 0.9 ? 0 : type == "string" ? kUnnamed : kUnsaid;
}

} // namespace

std::vector<Slot> slots_for(const ActionSpec &spec, const std::string &utterance, const Screen *screen,
                            const std::vector<Contact> *contacts) {
  const auto folded = fold(utterance);
  const auto claims = claim_words(spec, folded);
  const auto numbers = find_numbers(folded);
  std::vector<Slot> slots;
  for (std::size_t i = 0; i < spec.parameters.size(); ++i) {
    Slot slot;
    slot.parameter = &spec.parameters[i];
    const auto &type = slot.parameter->type;
    if (!slot.parameter->choices.empty()) {
      fill_choices(slot, i, claims, folded);
    } else if (slot.parameter->kind == ParameterKind::kElement) {
      fill_elements(slot, utterance, screen);
    } else if (slot.parameter->kind == ParameterKind::kContact) {
      fill_people(slot, utterance, contacts);
    } else if (slot.parameter->kind == ParameterKind::kDuration) {
      slot.form = Slot::Form::kNumber;
      slot.integer = true;
      if (const auto seconds = find_duration_s(utterance)) {
        slot.choices.push_back({*seconds, 0});
        slot.presence = kNamed;
      } else {
        slot.absent = true;
      }
    } else if (slot.parameter->kind == ParameterKind::kTime) {
      fill_time(slot, utterance);
    } else if (type == "integer" || type == "number") {
      fill_numbers(slot, numbers, claims);
    } else {
      fill_plain(slot, folded);
    }
    slots.push_back(std::move(slot));
  }
  return slots;
}

} // namespace yanxing::text
