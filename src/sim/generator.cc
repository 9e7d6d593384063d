#include "sim/generator.h"

#include "sim/finish.h"
#include "sim/speaker.h"

#include <algorithm>
#include <array>

namespace yanxing::sim {
namespace {

struct KindShare {
  const char *name;
  double share;
};
constexpr std::array kShares{KindShare{"call", 0.52},     KindShare{"compound", 0.09}, KindShare{"parallel", 0.05},
                             KindShare{"negation", 0.07}, KindShare{"chat", 0.08},     KindShare{"question", 0.04},
                             KindShare{"foreign", 0.09},  KindShare{"followup", 0.06}};

} // namespace

std::vector<std::string> sample_kinds() {
  std::vector<std::string> names;
  for (const auto &kind : kShares) {
    names.emplace_back(kind.name);
  }
  return names;
}

// One world and what is said in it.
class Generator::Group {
public:
  Group(Generator &owner, Language language, Random &random)
      : owner_(owner), random_(random), world_(draw_world(owner.knowledge_, language, random, owner.settings_.focus)),
        speaker_(owner.knowledge_, world_, random_), finisher_(world_, owner.noise_, owner.repairer_, random_) {
    for (const auto &tool : world_.tools) {
      const bool points = std::any_of(tool.args.begin(), tool.args.end(),
                                      [](const ArgUse &arg) { return arg.def->form == Form::kElement; });
      constexpr std::size_t kPointing = 3; // what is on the screen is spoken of more than its share of tools
      const auto ways = tool.def->shares(language);
      askable_.insert(askable_.end(), !tool.used ? 0 : points ? std::max(kPointing, ways) : ways, &tool);
      answers_ = answers_ || tool.def->alike == "ask";
    }
    tail_ = ",\"lang\":\"" + std::string(language_code(language)) + "\"";
    if (world_.screen) {
      tail_ += ",\"screen\":" + dump(to_json(*world_.screen));
    }
    tail_ += ",\"actions\":" + dump(world_.tools_json);
    if (world_.contacts) {
      Json people = Json::array();
      for (const auto &person : *world_.contacts) {
        people.push_back(to_json(person));
      }
      tail_ += ",\"contacts\":" + dump(people);
    }
  }

  [[nodiscard]] bool usable() const { return !askable_.empty() && world_.specs.size() == world_.tools.size(); }

  // A row, or "" where this kind cannot be said here.
  std::string row(const std::string &kind, const std::string &id) {
    std::vector<Finished> past;
    if (random_.chance(owner_.settings_.history)) {
      for (auto turns = random_.between(1, 2); turns > 0; --turns) {
        if (auto turn = finished(simple(), 0)) {
          past.push_back(std::move(*turn));
        }
      }
    }
    const auto sample = kind == "followup" ? followup(past) : finished(said(kind), owner_.settings_.noise);
    if (!sample) {
      return "";
    }
    std::string row = "{\"id\":\"" + id + "\",\"kind\":\"" + kind + "\",\"transcript\":" + dump(sample->transcript);
    if (!past.empty()) {
      Json history = Json::array();
      for (const auto &turn : past) {
        history.push_back({{"transcript", turn.transcript}, {"action", turn.action}});
      }
      row += ",\"history\":" + dump(history);
    }
    return row + tail_ + ",\"action\":" + dump(sample->action) + "}";
  }

private:
  std::optional<Utterance> simple(bool several = false) {
    const int kTries = several ? 24 : 6;
    for (int i = 0; i < kTries; ++i) {
      if (auto utterance = speaker_.ask(*random_.pick(askable_), several)) {
        return utterance;
      }
    }
    return std::nullopt;
  }

  std::optional<Utterance> framed(std::string_view key, std::optional<Utterance> inner, bool keeps_calls) {
    if (!inner || inner->sentence) {
      return keeps_calls ? inner : std::nullopt;
    }
    const auto frame = speaker_.phrase(key, [&](const std::string &, Said &out) {
      out.insert(out.end(), inner->said.begin(), inner->said.end());
      return true;
    });
    if (!frame) {
      return inner;
    }
    return Utterance{*frame, keeps_calls ? std::move(inner->calls) : std::vector<Call>{}, false};
  }

  std::optional<Utterance> polite(std::optional<Utterance> utterance) {
    return random_.chance(0.33) ? framed("polite", std::move(utterance), true) : utterance;
  }

  std::optional<Utterance> said(const std::string &kind) {
    if (kind == "call") {
      return polite(simple());
    }
    if (kind == "parallel") {
      return polite(simple(true));
    }
    if (kind == "compound") {
      return polite(compound());
    }
    if (kind == "negation" || kind == "question") {
      return framed(kind, random_.chance(0.8) ? simple() : foreign(), false);
    }
    if (kind == "foreign") {
      if (answers_) {
        return std::nullopt;
      }
      auto asked = polite(foreign());
      if (asked) {
        asked->calls.clear();
      }
      return asked;
    }
    auto chat = answers_ ? std::nullopt : speaker_.phrase("chat");
    return chat ? std::optional(Utterance{std::move(*chat), {}, true}) : std::nullopt;
  }

  std::optional<Utterance> foreign() {
    const auto *def = draw_foreign(owner_.knowledge_, world_, random_);
    if (def == nullptr) {
      return std::nullopt;
    }
    foreign_tools_.push_back(std::make_unique<ToolUse>(draw_tool(*def, world_.language, random_)));
    return speaker_.ask(*foreign_tools_.back());
  }

  std::optional<Utterance> compound() {
    Utterance whole;
    const auto parts = random_.chance(0.82) ? 2 : 3;
    for (int i = 0; i < parts; ++i) {
      auto part = simple();
      const bool again = part && std::any_of(whole.calls.begin(), whole.calls.end(),
                                             [&](const Call &call) { return call.tool == part->calls.front().tool; });
      if (!part || part->sentence || again) {
        return std::nullopt;
      }
      if (i > 0) {
        const auto joint = speaker_.phrase("joint");
        if (!joint) {
          return std::nullopt;
        }
        whole.said.insert(whole.said.end(), joint->begin(), joint->end());
        whole.said.back().source = Segment::Source::kCopied;
      }
      whole.said.insert(whole.said.end(), part->said.begin(), part->said.end());
      whole.calls.insert(whole.calls.end(), part->calls.begin(), part->calls.end());
    }
    return whole;
  }

  std::optional<Finished> finished(const std::optional<Utterance> &utterance, double noise) {
    if (!utterance) {
      return std::nullopt;
    }
    auto sample = finisher_.finish(*utterance, random_.chance(noise));
    if (sample && utterance->calls.empty()) {
      const auto reply = speaker_.phrase("none_reply");
      sample->action = {{"action", std::string(kNoAction)}, {"reply", reply ? text_of(*reply) : ""}};
    }
    return sample;
  }

  // "no, to Anna": the last call again with one value changed.
  std::optional<Finished> followup(std::vector<Finished> &past) {
    const auto first = polite(simple());
    if (!first || first->calls.size() != 1) {
      return std::nullopt;
    }
    auto turn = finished(first, 0);
    std::vector<const Value *> changeable;
    for (const auto &value : first->calls[0].values) {
      if (!value.said.empty() && value.arg->def->form != Form::kElement && value.arg->def->form != Form::kList) {
        changeable.push_back(&value);
      }
    }
    if (!turn || changeable.empty()) {
      return std::nullopt;
    }
    const auto &old = *random_.pick(changeable);
    auto value = speaker_.draw(*old.arg);
    if (!value || value->gold == old.gold) {
      return std::nullopt;
    }
    const auto said = speaker_.phrase("follow", [&](const std::string &, Said &out) {
      out.insert(out.end(), value->said.begin(), value->said.end());
      return true;
    });
    if (!said) {
      return std::nullopt;
    }
    Call call{first->calls[0].tool, {std::move(*value)}};
    auto sample = finisher_.finish({*said, {call}, true}, false);
    if (!sample) {
      return std::nullopt;
    }
    auto action = turn->action;
    action[old.arg->name] = sample->action[old.arg->name];
    sample->action = std::move(action);
    past.push_back(std::move(*turn));
    return sample;
  }

  Generator &owner_;
  Random &random_;
  World world_;
  Speaker speaker_;
  Finisher finisher_;
  std::vector<const ToolUse *> askable_;
  std::vector<std::unique_ptr<ToolUse>> foreign_tools_;
  bool answers_ = false; // something here answers questions: small talk is not for nobody
  std::string tail_;
};

Generator::Generator(const Knowledge &knowledge, GeneratorSettings settings, std::shared_ptr<const text::Pinyin> pinyin,
                     const text::Repairer *repairer)
    : knowledge_(knowledge), settings_(std::move(settings)), noise_(knowledge, std::move(pinyin)), repairer_(repairer) {
}

Status Generator::run(const std::function<Status(const std::string &row)> &write) {
  double shares = 0;
  std::vector<KindShare> kinds;
  for (const auto &kind : kShares) {
    if (settings_.kinds.empty() || settings_.kinds.contains(kind.name)) {
      kinds.push_back(kind);
      shares += kind.share;
    }
  }
  std::size_t count = 0;
  std::size_t empty_groups = 0;
  for (std::uint64_t index = 0; count < settings_.count; ++index) {
    Random random(settings_.seed, index);
    const bool chinese = settings_.language == "zh" || (settings_.language == "mix" && random.chance(0.5));
    Group group(*this, chinese ? Language::kChinese : Language::kEnglish, random);
    std::size_t in_group = 0;
    for (std::size_t tries = 0; group.usable() && in_group < settings_.group && tries < 4 * settings_.group; ++tries) {
      double at = random.unit() * shares;
      std::size_t kind = 0;
      while (kind + 1 < kinds.size() && at >= kinds[kind].share) {
        at -= kinds[kind++].share;
      }
      const auto id =
          "s" + std::to_string(settings_.seed) + "-" + std::to_string(index) + "-" + std::to_string(in_group);
      auto row = group.row(kinds[kind].name, id);
      constexpr int kAgain = 5; // kinds that fail more often are tried more often
      for (int again = 0; row.empty() && again < kAgain; ++again) {
        row = group.row(kinds[kind].name, id);
      }
      if (row.empty()) {
        continue;
      }
      if (auto written = write(row); !written) {
        return written;
      }
      ++made_[kinds[kind].name];
      ++in_group;
      if (++count == settings_.count) {
        return {};
      }
    }
    empty_groups = in_group == 0 ? empty_groups + 1 : 0;
    constexpr std::size_t kMostEmpty = 1000;
    if (empty_groups == kMostEmpty) {
      return Error{"nothing can be said with these kinds and this language", "Give other --kinds or --lang"};
    }
  }
  return {};
}

} // namespace yanxing::sim
