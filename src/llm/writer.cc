#include "llm/writer.h"

#include "text/evidence.h"
#include "text/requests.h"
#include "text/slots.h"

#include <algorithm>
#include <cstdlib>
#include <map>

namespace yanxing::llm {
namespace {

constexpr int kMostActions = 8;
constexpr int kMostListItems = 16;
constexpr int kMostStringTokens = 64;
constexpr int kMostDepth = 4;
constexpr double kCopyBonus = 1.0; // values are mostly the user's own words
// A call that needs values of which the model is less sure than this (log) was not asked for: they would be made up.
constexpr double kMadeUp = -1.2;

std::string quoted(const std::string &text) {
  const auto dumped = dump(Json(text));
  return dumped;
}

std::string inside_quotes(const std::string &text) {
  const auto dumped = quoted(text);
  return dumped.substr(1, dumped.size() - 2);
}

class Writer {
public:
  Writer(Guide &guide, const text::TurnContext &context, const std::string &utterance, const WritingBias &bias)
      : guide_(guide), context_(context), utterance_(utterance), folded_(text::fold(utterance)), bias_(bias),
        numbers_(text::find_numbers(folded_)) {
    for (const auto &spec : *context_.actions) {
      slots_.push_back(text::slots_for(spec, utterance_, context_.screen, context_.contacts));
    }
  }

  Result<std::vector<Action>> write() {
    std::vector<Action> actions;
    guide_.force(kAnswerLead);
    while (true) {
      const auto spec = choose_action(actions.empty());
      if (!spec) {
        return spec.error();
      }
      if (*spec == nullptr) {
        return actions;
      }
      Action action{(*spec)->name, Json::object(), ""};
      needed_log_probability_ = 0;
      used_.clear();
      auto arguments = write_arguments(**spec);
      if (!arguments) {
        return arguments.error();
      }
      if (needed_log_probability_ < kMadeUp) {
        return actions;
      }
      action.arguments = std::move(*arguments);
      const bool again = std::any_of(actions.begin(), actions.end(), [&](const Action &done) {
        return done.name == action.name && done.arguments == action.arguments;
      });
      if (again) {
        return actions; // a small model that repeats itself has said all it knows
      }
      actions.push_back(std::move(action));
      const auto more = goes_on(actions);
      if (!more) {
        return more.error();
      }
      if (!*more) {
        return actions;
      }
    }
  }

private:
  // Null: nothing fits.
  Result<const ActionSpec *> choose_action(bool may_be_none) {
    std::vector<Option> options;
    for (std::size_t i = 0; i < context_.actions->size(); ++i) {
      const auto &spec = (*context_.actions)[i];
      const auto evidence = bias_.evidence * text::action_evidence(folded_, spec) + value_evidence(slots_[i]);
      options.push_back({spec.name, follow_of(spec), evidence});
    }
    if (may_be_none || options.empty()) {
      options.push_back({std::string(kNoAction), "\"}", bias_.none});
    }
    const auto chosen = guide_.choose(options);
    if (!chosen) {
      return chosen.error();
    }
    return *chosen < context_.actions->size() ? &(*context_.actions)[*chosen] : nullptr;
  }

  // What is named speaks for the action that takes it: "a latte" for ordering a drink, a person for sending.
  static double value_evidence(const std::vector<text::Slot> &slots) {
    constexpr double kPerValue = 1.5;
    constexpr double kPerPerson = 3;
    constexpr double kMost = 4.5;
    double evidence = 0;
    for (const auto &slot : slots) {
      const bool person = slot.parameter->kind == ParameterKind::kContact && slot.form == text::Slot::Form::kChoice;
      const bool named = !slot.parameter->choices.empty() && slot.presence >= text::Slot::kCertain;
      evidence += person ? kPerPerson : named ? kPerValue : 0;
    }
    return std::min(evidence, kMost);
  }

  static std::string follow_of(const ActionSpec &spec) {
    if (spec.parameters.empty()) {
      return "\"}";
    }
    return spec.parameters.front().required ? "\",\"" + spec.parameters.front().name + "\":" : "\"";
  }

  Result<Json> write_arguments(const ActionSpec &spec) {
    guide_.force("\"");
    auto slots = slots_[static_cast<std::size_t>(&spec - context_.actions->data())];
    if (!context_.history.empty()) {
      carry_over(spec, slots);
    }
    return write_members(slots, ",", 0);
  }

  // "No, in the bedroom": what the last turn said of the same action may be meant again, where these words do not say
  // it. Whether it is, the model tells.
  void carry_over(const ActionSpec &spec, std::vector<text::Slot> &slots) const {
    const auto &last = context_.history.back().decision;
    for (std::size_t begin = 0; begin < last.size();) { // one call a line
      const auto end = std::min(last.find('\n', begin), last.size());
      const auto said = Json::parse(last.substr(begin, end - begin), nullptr, false);
      begin = end + 1;
      const auto actions = actions_from_json(said, "an earlier turn");
      for (const auto &action : actions ? *actions : std::vector<Action>()) {
        if (action.name == spec.name) {
          carry_over(action.arguments, slots);
        }
      }
    }
  }

  static void carry_over(const Json &arguments, std::vector<text::Slot> &slots) {
    constexpr double kPerhaps = -1;
    for (auto &slot : slots) {
      const auto value = arguments.find(slot.parameter->name);
      const bool unsaid = slot.absent || slot.presence < kPerhaps;
      if (unsaid && value != arguments.end() && (value->is_string() || value->is_number())) {
        slot.absent = false;
        slot.presence = kPerhaps;
        slot.form = text::Slot::Form::kChoice;
        slot.choices = {{*value, 0}};
      }
    }
  }

  // The members of an object in schema order: after each, the next required one or, where the words or the model speak
  // for it, an optional one before it. `lead` is what stands before the first key.
  Result<Json> write_members(const std::vector<text::Slot> &slots, const std::string &lead, int depth) {
    Json members = Json::object();
    std::string before = lead;
    std::size_t next = 0;
    while (true) {
      std::vector<Option> options;
      std::vector<std::size_t> targets;
      bool may_close = true;
      for (std::size_t i = next; i < slots.size(); ++i) {
        const bool certain = slots[i].presence >= text::Slot::kCertain;
        const bool required = slots[i].parameter->required || certain;
        const bool unsaid = slots[i].presence <= text::Slot::kNever || has_no_number_left(slots[i]);
        if (slots[i].absent || (!required && unsaid)) {
          continue;
        }
        options.push_back(
            {before + quoted(slots[i].parameter->name) + ":", opening_of(slots[i]), required ? 0 : slots[i].presence});
        targets.push_back(i);
        if (required) {
          may_close = false;
          break;
        }
      }
      if (may_close) {
        options.push_back({"}", "", 0});
      }
      const auto chosen = guide_.choose(options);
      if (!chosen) {
        return chosen.error();
      }
      if (*chosen == targets.size()) {
        return members;
      }
      const auto &slot = slots[targets[*chosen]];
      const double before_value = guide_.log_probability();
      auto value = write_value(slot, depth);
      if (!value) {
        return value.error();
      }
      if (depth == 0 && slot.parameter->required && is_free(slot)) {
        const auto parts = std::max<std::size_t>(1, value->is_array() ? value->size() : 1);
        needed_log_probability_ += (guide_.log_probability() - before_value) / static_cast<double>(parts);
      }
      members[slot.parameter->name] = std::move(*value);
      before = ",";
      next = targets[*chosen] + 1;
    }
  }

  // Nothing in the words or on the screen bounds its value.
  static bool is_free(const text::Slot &slot) {
    using Form = text::Slot::Form;
    return slot.form == Form::kString || slot.form == Form::kList || slot.form == Form::kObject ||
           (slot.form == Form::kNumber && slot.choices.empty());
  }

  static std::string opening_of(const text::Slot &slot) {
    switch (slot.form) {
    case text::Slot::Form::kString:
      return "\"";
    case text::Slot::Form::kList:
      return "[";
    case text::Slot::Form::kObject:
      return "{";
    case text::Slot::Form::kChoice:
      return !slot.choices.empty() && slot.choices.front().value.is_string() ? "\"" : "";
    default:
      return "";
    }
  }

  Result<Json> write_value(const text::Slot &slot, int depth) {
    switch (slot.form) {
    case text::Slot::Form::kChoice:
      return write_choice(slot.choices);
    case text::Slot::Form::kNumber:
      return slot.choices.empty() ? write_free_number(slot.integer) : write_number(slot.choices);
    case text::Slot::Form::kBoolean:
      return write_choice({{true, 0}, {false, 0}});
    case text::Slot::Form::kList:
      return write_list(slot, depth);
    case text::Slot::Form::kObject:
      return write_object(slot, depth);
    case text::Slot::Form::kString:
      break;
    }
    return write_free_string();
  }

  Result<Json> write_choice(const std::vector<text::Choice> &choices) {
    std::vector<Option> options;
    const bool text = choices.front().value.is_string();
    if (text) {
      guide_.force("\"");
    }
    for (const auto &choice : choices) {
      options.push_back(
          {text ? inside_quotes(choice.value.get<std::string>()) : dump(choice.value), text ? "\"" : ",", choice.bias});
    }
    const auto chosen = guide_.choose(options);
    if (!chosen) {
      return chosen.error();
    }
    if (text) {
      guide_.force("\"");
    }
    return choices[*chosen].value;
  }

  // Has this number been written as often as it was said? Each is meant once, as a rule.
  [[nodiscard]] bool is_used_up(double value) const {
    const auto said = std::count_if(numbers_.begin(), numbers_.end(),
                                    [&](const text::SpokenNumber &number) { return number.value == value; });
    const auto used = used_.find(value);
    return used != used_.end() && used->second >= std::max<std::ptrdiff_t>(1, said);
  }

  [[nodiscard]] bool has_no_number_left(const text::Slot &slot) const {
    return slot.form == text::Slot::Form::kNumber && !slot.choices.empty() &&
           std::all_of(slot.choices.begin(), slot.choices.end(),
                       [&](const text::Choice &choice) { return is_used_up(choice.value.get<double>()); });
  }

  Result<Json> write_number(std::vector<text::Choice> choices) {
    constexpr double kUsedUp = -6;
    for (auto &choice : choices) {
      choice.bias += is_used_up(choice.value.get<double>()) ? kUsedUp : 0;
    }
    auto written = write_choice(choices);
    if (written) {
      ++used_[written->get<double>()];
    }
    return written;
  }

  Result<Json> write_free_number(bool integer) {
    const auto written = guide_.free_number(integer);
    if (!written) {
      return written.error();
    }
    const double value = std::strtod(written->c_str(), nullptr);
    constexpr double kMostExact = 9007199254740992; // 2^53; the model may write more digits
    return integer ? Json(static_cast<long long>(std::clamp(value, -kMostExact, kMostExact))) : Json(value);
  }

  Result<Json> write_free_string() {
    guide_.force("\"");
    const auto written = guide_.free_string(kMostStringTokens, utterance_, kCopyBonus);
    if (!written) {
      return written.error();
    }
    guide_.force("\"");
    return Json(*written);
  }

  Result<Json> write_list(const text::Slot &slot, int depth) {
    const auto item = item_of(*slot.parameter);
    Json list = Json::array();
    guide_.force("[");
    for (int i = 0; i < kMostListItems; ++i) {
      ActionSpec holder;
      holder.parameters.push_back(item);
      const auto slots = text::slots_for(holder, utterance_, context_.screen, context_.contacts);
      auto value = depth < kMostDepth ? write_value(slots.front(), depth + 1) : Result<Json>(Json(nullptr));
      if (!value) {
        return value.error();
      }
      list.push_back(std::move(*value));
      const auto end = guide_.choose({{",", opening_of(slots.front()), 0}, {"]", "", 0}});
      if (!end) {
        return end.error();
      }
      if (*end == 1) {
        return list;
      }
    }
    guide_.force("]");
    return list;
  }

  static Parameter item_of(const Parameter &list) {
    Parameter item;
    item.name = list.name;
    item.required = true;
    if (list.schema.is_object() && list.schema.contains("items") && list.schema["items"].is_object()) {
      item = parameter_from_schema(list.name, list.schema["items"], true);
    }
    return item;
  }

  Result<Json> write_object(const text::Slot &slot, int depth) {
    ActionSpec holder;
    const auto &schema = slot.parameter->schema;
    if (schema.is_object() && schema.contains("properties") && schema["properties"].is_object() && depth < kMostDepth) {
      const auto required = schema.value("required", Json::array());
      for (const auto &[name, property] : schema["properties"].items()) {
        const bool needed = std::find(required.begin(), required.end(), Json(name)) != required.end();
        holder.parameters.push_back(parameter_from_schema(name, property, needed));
      }
    }
    guide_.force("{");
    return write_members(text::slots_for(holder, utterance_, context_.screen, context_.contacts), "", depth + 1);
  }

  // After a call: is another one asked for? Only sentences that leave something over are given the choice.
  Result<bool> goes_on(const std::vector<Action> &done) {
    if (static_cast<int>(done.size()) >= kMostActions || !text::may_ask_for_more(folded_, done.back().arguments)) {
      return false;
    }
    return guide_.continue_line(kAnswerLead);
  }

  Guide &guide_;
  const text::TurnContext &context_;
  const std::string &utterance_;
  std::string folded_;
  WritingBias bias_;
  std::vector<text::SpokenNumber> numbers_;
  std::vector<std::vector<text::Slot>> slots_; // of each action's parameters
  std::map<double, std::ptrdiff_t> used_;      // how often each was written in this call
  double needed_log_probability_ = 0;          // of the free values that this call cannot do without
};

} // namespace

Result<std::vector<Action>> write_actions(Guide &guide, const text::TurnContext &context, const std::string &utterance,
                                          const WritingBias &bias) {
  return Writer(guide, context, utterance, bias).write();
}

std::vector<const Element *> unlisted_candidates(const text::TurnContext &context, const std::string &utterance) {
  constexpr std::size_t kMost = 8;
  std::vector<const Element *> candidates;
  if (context.screen == nullptr) {
    return candidates;
  }
  const auto &elements = context.screen->elements;
  for (const auto &match : text::match_elements(utterance, *context.screen)) {
    const auto index = static_cast<std::size_t>(match.element - elements.data());
    if (index >= text::kListedElements && candidates.size() < kMost) {
      candidates.push_back(match.element);
    }
  }
  return candidates;
}

} // namespace yanxing::llm
