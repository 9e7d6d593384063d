#include "sim/speaker.h"

#include <algorithm>
#include <numeric>

namespace yanxing::sim {
namespace {

constexpr double kSaidAnyway = 0.45; // share of optional parts that are said

bool has_several(const std::vector<Node> &nodes) {
  return std::any_of(nodes.begin(), nodes.end(), [](const Node &node) {
    return node.several || std::any_of(node.options.begin(), node.options.end(), has_several);
  });
}

bool said_already(const Call &call, const Value &value) {
  return std::any_of(call.values.begin(), call.values.end(), [&](const Value &other) {
    return other.arg != value.arg && !other.said.empty() && other.gold == value.gold && !value.gold.is_number();
  });
}

void put(Said &out, const Segment &segment) {
  if (!segment.text.empty()) {
    out.push_back(segment);
  }
}

} // namespace

std::string text_of(const Said &said) {
  std::string text;
  for (const auto &segment : said) {
    text += segment.text;
  }
  return text;
}

const Value *Call::find(const ArgUse *arg) const {
  const auto found = std::find_if(values.rbegin(), values.rend(), [arg](const Value &v) { return v.arg == arg; });
  return found == values.rend() ? nullptr : &*found;
}

bool Speaker::usable(const Node &slot, const ToolUse &tool) const {
  const auto *arg = tool.find(slot.text);
  if (arg == nullptr) {
    return false;
  }
  if (slot.silent) {
    return silent_value(*arg, slot.value).has_value();
  }
  if (arg->def->form == Form::kElement) {
    return world_.screen &&
           std::any_of(world_.screen->elements.begin(), world_.screen->elements.end(), [&](const auto &e) {
             const auto &kinds = arg->def->kinds;
             return kinds.empty() || std::find(kinds.begin(), kinds.end(), e.kind) != kinds.end();
           });
  }
  const auto &source = arg->def->form == Form::kList ? *arg->def->inner : *arg->def;
  return source.entries == nullptr || std::any_of(arg->entries.begin(), arg->entries.end(), [&](std::size_t i) {
           return !(*source.entries)[i].in(world_.language).empty();
         });
}

bool Speaker::usable(const std::vector<Node> &nodes, const ToolUse &tool) const {
  return std::all_of(nodes.begin(), nodes.end(), [&](const Node &node) {
    switch (node.kind) {
    case Node::Kind::kSlot:
      return usable(node, tool);
    case Node::Kind::kChoice:
      return std::any_of(node.options.begin(), node.options.end(), [&](const auto &o) { return usable(o, tool); });
    default:
      return true;
    }
  });
}

std::optional<Json> Speaker::silent_value(const ArgUse &arg, const std::string &value) const {
  const auto &def = *arg.def;
  if (def.entries == nullptr) {
    auto json = Json::parse(value, nullptr, false);
    return json.is_discarded() ? Json(value) : json;
  }
  for (std::size_t i = 0; i < arg.entries.size(); ++i) {
    const auto &entry = (*def.entries)[arg.entries[i]];
    if (!entry.en.empty() && entry.en[0] == value) {
      return arg.values.empty() ? Json(value) : arg.values[i];
    }
  }
  return std::nullopt;
}

// All of it, or nothing.
bool Speaker::write_option(const std::vector<Node> &nodes, const SlotWriter &slots, Said &out) {
  auto said = out;
  const auto kept = slots.keep();
  if (!write(nodes, slots, said)) {
    slots.drop(kept);
    return false;
  }
  out = std::move(said);
  return true;
}

bool Speaker::write(const std::vector<Node> &nodes, const SlotWriter &slots, Said &out) {
  for (const auto &node : nodes) {
    switch (node.kind) {
    case Node::Kind::kText:
      put(out, {node.text, Segment::Source::kWords});
      break;
    case Node::Kind::kSlot:
      if (!slots.say(node, out)) {
        return false;
      }
      break;
    case Node::Kind::kOptional:
      if (random_.chance(kSaidAnyway)) {
        write_option(node.options[0], slots, out);
      }
      break;
    case Node::Kind::kChoice: {
      std::vector<std::size_t> order(node.options.size());
      std::iota(order.begin(), order.end(), 0);
      random_.shuffle(order);
      if (std::none_of(order.begin(), order.end(),
                       [&](std::size_t i) { return write_option(node.options[i], slots, out); })) {
        return false;
      }
      break;
    }
    }
  }
  return true;
}

std::optional<Said> Speaker::say(const Pattern &pattern, const Fill &fill) {
  Said said;
  const SlotWriter slots{[&](const Node &node, Said &out) { return fill && fill(node.text, out); },
                         [] { return std::size_t{0}; }, [](std::size_t) {}};
  return write(pattern.nodes, slots, said) ? std::optional(std::move(said)) : std::nullopt;
}

std::optional<Said> Speaker::phrase(std::string_view key, const Fill &fill) {
  const auto &patterns = knowledge_.phrases.get(world_.language, key);
  return patterns.empty() ? std::nullopt : say(random_.pick(patterns), fill);
}

Said Speaker::joined(const std::vector<Value> &values) {
  const bool chinese = world_.language == Language::kChinese;
  const std::string last = chinese                                    ? (random_.chance(0.7) ? "和" : "、")
                           : values.size() > 2 && random_.chance(0.3) ? ", and "
                                                                      : " and ";
  Said said;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) {
      said.push_back({i + 1 == values.size() ? last : chinese ? "、" : ", ", Segment::Source::kCopied});
    }
    said.insert(said.end(), values[i].said.begin(), values[i].said.end());
  }
  return said;
}

// Whether "please" and "don't" may stand before it: it begins with a verb, as far as its first words tell.
bool Speaker::imperative(const Said &said) const {
  if (said.empty() || said.front().source != Segment::Source::kWords) {
    return false;
  }
  const auto text = text_of(said);
  if (world_.language == Language::kChinese) {
    const auto &verbs = knowledge_.words_of("zh_verb_starts");
    return std::any_of(verbs.begin(), verbs.end(), [&](const auto &verb) { return text.starts_with(verb); });
  }
  const auto first = text.substr(0, text.find(' '));
  const auto &others = knowledge_.words_of("en_statement_starts");
  return std::find(others.begin(), others.end(), first) == others.end();
}

std::optional<Utterance> Speaker::ask(const ToolUse &tool, bool several) {
  std::vector<const Pattern *> patterns;
  for (const auto &pattern : tool.def->in(world_.language)) {
    if ((!several || has_several(pattern.nodes)) && usable(pattern.nodes, tool)) {
      patterns.push_back(&pattern);
    }
  }
  if (patterns.empty()) {
    return std::nullopt;
  }
  const auto &pattern = *random_.pick(patterns);
  Call call{&tool, {}};
  std::vector<Value> multiplied; // values of the slot that makes several calls
  Utterance utterance;
  utterance.sentence = pattern.sentence;
  const auto slot = [&](const Node &node, Said &out) {
    if (!usable(node, tool)) {
      return false;
    }
    const auto *arg = tool.find(node.text);
    if (node.silent) {
      call.values.push_back({arg, *silent_value(*arg, node.value), false, {}});
      return true;
    }
    if (several && node.several && multiplied.empty()) {
      const auto count = random_.chance(0.75) ? 2U : 3U;
      for (std::size_t tries = 0; multiplied.size() < count && tries < 12; ++tries) {
        auto value = draw(*arg);
        const bool fresh = value && std::none_of(multiplied.begin(), multiplied.end(),
                                                 [&](const Value &other) { return other.gold == value->gold; });
        if (fresh) {
          multiplied.push_back(std::move(*value));
        }
      }
      if (multiplied.size() < 2) {
        multiplied.clear();
        return false;
      }
      for (const auto &segment : joined(multiplied)) {
        put(out, segment);
      }
      return true;
    }
    auto value = draw(*arg);
    constexpr int kTries = 4; // from Denver to Denver is no journey
    for (int i = 0; i < kTries && value && said_already(call, *value); ++i) {
      value = draw(*arg);
    }
    if (!value || said_already(call, *value)) {
      return false;
    }
    for (const auto &segment : value->said) {
      put(out, segment);
    }
    call.values.push_back(std::move(*value));
    return true;
  };
  const SlotWriter slots{slot, [&] { return call.values.size(); },
                         [&](std::size_t kept) {
                           call.values.erase(call.values.begin() + static_cast<std::ptrdiff_t>(kept),
                                             call.values.end());
                         }};
  if (!write(pattern.nodes, slots, utterance.said) || (several && multiplied.empty())) {
    return std::nullopt;
  }
  utterance.sentence = utterance.sentence || !imperative(utterance.said);
  for (const auto &arg : tool.args) {
    const bool multiple = !multiplied.empty() && multiplied[0].arg == &arg;
    const bool may_miss = pattern.incomplete && (arg.def->form == Form::kTime || arg.def->form == Form::kDuration);
    if (arg.def->required && call.find(&arg) == nullptr && !multiple && !may_miss) {
      return std::nullopt;
    }
  }
  if (multiplied.empty()) {
    utterance.calls.push_back(std::move(call));
  }
  for (auto &value : multiplied) {
    auto one = call;
    one.values.push_back(std::move(value));
    utterance.calls.push_back(std::move(one));
  }
  return utterance;
}

} // namespace yanxing::sim
