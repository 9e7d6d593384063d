#include "eval/scorer.h"

#include "action/policy.h"
#include "eval/values.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace yanxing::eval {
namespace {

double ratio(std::size_t part, std::size_t whole) {
  return whole == 0 ? 1.0 : static_cast<double>(part) / static_cast<double>(whole);
}

bool nothing(const std::vector<Action> &actions) {
  return std::all_of(actions.begin(), actions.end(), [](const Action &a) { return a.name == kNoAction; });
}

bool centre_inside(const Box &inner, const Box &outer) {
  const long x = 2L * inner.x + inner.width; // twice the centre: no halves are lost
  const long y = 2L * inner.y + inner.height;
  return x >= 2L * outer.x && x < 2L * (outer.x + outer.width) && y >= 2L * outer.y &&
         y < 2L * (outer.y + outer.height);
}

// One expected action against one given action of the same name.
struct Comparison {
  std::size_t expected = 0;
  std::size_t given = 0;
  std::size_t right = 0;
  [[nodiscard]] bool exact() const { return expected == right && given == right; }
};

class Comparer {
public:
  Comparer(const Gold &gold, const Prediction &prediction, const Ground &ground)
      : gold_(gold), prediction_(prediction), ground_(ground) {}

  [[nodiscard]] Comparison compare(const Action &expected, const Action &given) const {
    const auto *spec = ground_.registry == nullptr ? nullptr : ground_.registry->find(expected.name);
    Comparison result;
    for (const auto &value : given.arguments) {
      result.given += value.is_null() ? 0 : 1; // null is how some models leave an argument out
    }
    for (const auto &[name, value] : expected.arguments.items()) {
      if (judged_by_place(spec, name)) {
        continue;
      }
      const auto *parameter = spec == nullptr ? nullptr : spec->find(name);
      const auto *said = argument(given, name);
      result.expected += said != nullptr || !may_be_absent(value, parameter) ? 1 : 0;
      result.right += said != nullptr && matches(value, *said, parameter) ? 1 : 0;
    }
    if (gold_.box && spec != nullptr) {
      const bool hit = prediction_.target_box && centre_inside(*prediction_.target_box, *gold_.box);
      for (const auto &parameter : spec->parameters) {
        if (parameter.kind == ParameterKind::kElement) {
          ++result.expected;
          result.right += hit && argument(given, parameter.name) != nullptr ? 1 : 0;
        }
      }
    }
    return result;
  }

private:
  // The value given for `name`; null pointer where there is none.
  static const Json *argument(const Action &action, const std::string &name) {
    const auto found = action.arguments.find(name);
    return found == action.arguments.end() || found->is_null() ? nullptr : &*found;
  }

  [[nodiscard]] bool judged_by_place(const ActionSpec *spec, const std::string &name) const {
    const auto *parameter = spec == nullptr ? nullptr : spec->find(name);
    return gold_.box && parameter != nullptr && parameter->kind == ParameterKind::kElement;
  }

  [[nodiscard]] bool matches(const Json &expected, const Json &given, const Parameter *parameter) const {
    return accepts(expected, given, parameter) || same_person(expected, given, parameter);
  }

  // 李经理 and 李建国 are the same recipient where each of the names means this one contact only.
  [[nodiscard]] bool same_person(const Json &expected, const Json &given, const Parameter *parameter) const {
    if (ground_.contacts == nullptr || parameter == nullptr || parameter->kind != ParameterKind::kContact ||
        !expected.is_string() || !given.is_string()) {
      return false;
    }
    const auto meant = action::match_contacts(expected.get<std::string>(), *ground_.contacts);
    const auto named = action::match_contacts(given.get<std::string>(), *ground_.contacts);
    return meant.size() == 1 && named.size() == 1 && meant[0].name == named[0].name &&
           meant[0].email == named[0].email && meant[0].phone == named[0].phone;
  }

  const Gold &gold_;
  const Prediction &prediction_;
  const Ground &ground_;
};

using Fits = std::function<bool(std::size_t expected, std::size_t given)>;

// A perfect matching of expected to given actions (Kuhn's augmenting paths), for deeds whose order does not matter.
bool matches_in_any_order(std::size_t count, const Fits &fits) {
  std::vector<std::size_t> owner(count, count); // given → expected
  const std::function<bool(std::size_t, std::vector<bool> &)> place = [&](std::size_t e, std::vector<bool> &seen) {
    for (std::size_t g = 0; g < count; ++g) {
      if (seen[g] || !fits(e, g)) {
        continue;
      }
      seen[g] = true;
      if (owner[g] == count || place(owner[g], seen)) {
        owner[g] = e;
        return true;
      }
    }
    return false;
  };
  for (std::size_t e = 0; e < count; ++e) {
    std::vector<bool> seen(count, false);
    if (!place(e, seen)) {
      return false;
    }
  }
  return true;
}

bool all_match(const Gold &gold, const Prediction &prediction, const Fits &fits) {
  const auto count = gold.actions.size();
  if (count != prediction.actions.size()) {
    return false;
  }
  if (gold.any_order) {
    return matches_in_any_order(count, fits);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!fits(i, i)) {
      return false;
    }
  }
  return true;
}

// Argument counts over the whole row: each expected action is paired with the best unused one of its name, so that one
// missing action does not make all that follow it wrong.
void count_arguments(const Gold &gold, const Prediction &prediction, const Comparer &comparer, Score &score) {
  std::vector<bool> used(prediction.actions.size(), false);
  const auto own_size = [](const Action &action) { return action.name == kNoAction ? 0 : action.arguments.size(); };
  for (const auto &expected : gold.actions) {
    std::optional<std::size_t> best;
    Comparison best_comparison;
    for (std::size_t g = 0; g < prediction.actions.size(); ++g) {
      if (used[g] || prediction.actions[g].name != expected.name || expected.name == kNoAction) {
        continue;
      }
      const auto comparison = comparer.compare(expected, prediction.actions[g]);
      if (!best || comparison.right > best_comparison.right) {
        best = g;
        best_comparison = comparison;
      }
    }
    if (!best) {
      best_comparison.expected = own_size(expected);
    } else {
      used[*best] = true;
    }
    score.arguments_expected += best_comparison.expected;
    score.arguments_given += best_comparison.given;
    score.arguments_right += best_comparison.right;
  }
  for (std::size_t g = 0; g < used.size(); ++g) {
    score.arguments_given += used[g] ? 0 : own_size(prediction.actions[g]);
  }
}

double reward_of(const Score &score, const RewardTable &rewards) {
  if (score.asked) {
    return rewards.ask;
  }
  if (score.exact) {
    return rewards.success;
  }
  return score.abstained ? rewards.abstain : rewards.wrong;
}

} // namespace

Result<std::optional<Box>> box_from_json(const Json &json, std::string_view where) {
  if (json.is_null()) {
    return std::optional<Box>();
  }
  const bool four = json.is_array() && json.size() == 4 &&
                    std::all_of(json.begin(), json.end(), [](const Json &n) { return n.is_number(); });
  if (!four) {
    return Error{std::string(where) + ": a box must be [x,y,width,height]", ""};
  }
  const auto pixel = [&](std::size_t i) { return static_cast<int>(std::clamp(json[i].get<double>(), -1e6, 1e6)); };
  return std::optional(Box{pixel(0), pixel(1), pixel(2), pixel(3)});
}

double Score::precision() const { return ratio(arguments_right, arguments_given); }
double Score::recall() const { return ratio(arguments_right, arguments_expected); }
double Score::f1() const {
  return arguments_given + arguments_expected == 0 ? (name_ok ? 1.0 : 0.0)
                                                   : ratio(2 * arguments_right, arguments_given + arguments_expected);
}

Result<Gold> gold_from_json(const Json &action, std::string_view where) {
  if (!action.is_object()) {
    return Error{std::string(where) + R"(: "action" must be {"action":"name",…}, {"actions":[…]} or {"action":"none"})",
                 ""};
  }
  auto actions = actions_from_json(action, where);
  if (!actions) {
    return actions.error();
  }
  if (actions->empty()) {
    return Error{std::string(where) + R"(: "actions" is empty; write {"action":"none"} where nothing should happen)",
                 ""};
  }
  Gold gold;
  gold.any_order = action.contains("actions") && string_or_empty(action, "order") == "any";
  gold.actions = std::move(*actions);
  return gold;
}

Result<Prediction> prediction_from_json(const Json &line, std::string_view where) {
  if (!line.is_object()) {
    return Error{std::string(where) + ": a prediction must be an object with \"action\"", ""};
  }
  Prediction prediction;
  const auto action = line.value("action", Json());
  if (!action.is_null()) {
    auto actions = actions_from_json(action, where);
    if (!actions) {
      return actions.error();
    }
    prediction.actions = std::move(*actions);
  }
  auto box = box_from_json(line.value("target_box", Json()), where);
  if (!box) {
    return box.error();
  }
  prediction.target_box = *box;
  const auto asked = line.value("asked", Json(false));
  prediction.asked = asked.is_boolean() && asked.get<bool>();
  return prediction;
}

Result<Prediction> prediction_from_text(std::string_view text) {
  constexpr std::size_t kMostBytes = 1 << 16; // the longest call is a few hundred
  if (text.size() > kMostBytes) {
    return Error{"the answer has more than 64 KiB", ""};
  }
  Prediction prediction;
  bool any = false;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
      continue;
    }
    const auto json = parse_json(line, "the answer");
    if (!json) {
      return json.error();
    }
    auto actions = actions_from_json(*json, "the answer");
    if (!actions) {
      return actions.error();
    }
    any = true;
    const auto asked = json->is_object() ? json->value("asked", Json(false)) : Json(false);
    prediction.asked = prediction.asked || (asked.is_boolean() && asked.get<bool>());
    prediction.actions.insert(prediction.actions.end(), actions->begin(), actions->end());
  }
  return any ? Result<Prediction>(std::move(prediction)) : Result<Prediction>(Error{"the answer is empty", ""});
}

Score score(const Gold &gold, const Prediction &prediction, const Ground &ground, const RewardTable &rewards) {
  Score score;
  score.should_abstain = nothing(gold.actions);
  score.abstained = nothing(prediction.actions);
  score.asked = prediction.asked;
  if (score.should_abstain || score.abstained) {
    score.exact = score.name_ok = score.should_abstain == score.abstained;
  } else {
    const Comparer comparer(gold, prediction, ground);
    const auto same_name = [&](std::size_t e, std::size_t g) {
      return gold.actions[e].name == prediction.actions[g].name;
    };
    score.name_ok = all_match(gold, prediction, same_name);
    score.exact = score.name_ok && all_match(gold, prediction, [&](std::size_t e, std::size_t g) {
                    return same_name(e, g) && comparer.compare(gold.actions[e], prediction.actions[g]).exact();
                  });
  }
  count_arguments(gold, prediction, Comparer(gold, prediction, ground), score);
  score.reward = reward_of(score, rewards);
  return score;
}

} // namespace yanxing::eval
