#include "sim/task.h"

#include "sim/effect.h"

#include <algorithm>
#include <cctype>

namespace yanxing::sim {

#define YANXING_DECLARE(name) TaskKind make_##name##_task_kind();
#include "task_kind_table.inc"
#undef YANXING_DECLARE

const std::vector<TaskKind> &task_kinds() {
  static const std::vector<TaskKind> kAll{
#define YANXING_ENTRY(name) make_##name##_task_kind(),
#include "task_kind_table.inc"
#undef YANXING_ENTRY
  };
  return kAll;
}

Said known(const std::string &text) { return {{text, Segment::Source::kKnown}}; }
Said copied(const std::string &text) { return {{text, Segment::Source::kCopied}}; }

Drafter::Drafter(const Knowledge &knowledge_in, const std::vector<ActionSpec> &actions, Language language_in,
                 Split split, const Noise &noise, double heard_wrong, Random &random_in)
    : knowledge(knowledge_in), language(language_in), random(random_in),
      desktop(draw_desktop(knowledge_in, language_in, random_in)), view(look(desktop)), actions_(actions),
      phrases_(split == Split::kTrain ? knowledge_in.tasks.train : knowledge_in.tasks.test), noise_(noise),
      heard_wrong_(heard_wrong), speaker_(knowledge_in, language_only_, random_in) {
  language_only_.language = language_in;
}

std::optional<Said> Drafter::say(const std::string &key, const Fills &fills) {
  const auto &patterns = phrases_.get(language, key);
  constexpr int kTries = 8;
  for (int i = 0; i < kTries && !patterns.empty(); ++i) {
    std::size_t used = 0;
    auto said = speaker_.say(random.pick(patterns), [&](const std::string &slot, Said &out) {
      const auto found = std::find_if(fills.begin(), fills.end(), [&](const auto &fill) { return fill.first == slot; });
      if (found != fills.end()) {
        out.insert(out.end(), found->second.begin(), found->second.end());
        ++used;
      }
      return found != fills.end();
    });
    if (said && used == fills.size()) {
      return said;
    }
  }
  return std::nullopt;
}

Said Drafter::polite(Said said) {
  if (random.chance(0.3)) {
    if (auto framed = say("polite", {{"x", said}})) {
      return *framed;
    }
  }
  return said;
}

std::string Drafter::heard(Said said, bool clear) {
  if (!clear && random.chance(heard_wrong_)) {
    noise_.disturb(said, language, random);
  }
  auto text = text_of(said);
  if (!zh() && !text.empty()) {
    const bool lower = random.chance(0.3);
    if (lower) {
      std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
        return c < 0x80 ? static_cast<char>(std::tolower(c)) : static_cast<char>(c);
      });
    } else {
      text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
    }
  }
  return text;
}

bool Drafter::knows(const std::string &action) const {
  return std::any_of(actions_.begin(), actions_.end(), [&](const ActionSpec &spec) { return spec.name == action; });
}

std::optional<Deed> Drafter::deed(const std::string &which) {
  const auto &drawers = deed_drawers();
  constexpr int kTries = 12;
  for (int i = 0; i < kTries; ++i) {
    const auto found = std::find_if(drawers.begin(), drawers.end(), [&](const auto &d) { return d.first == which; });
    const auto &[name, draw] = found == drawers.end() ? random.pick(drawers) : *found;
    if (!knows(name)) {
      continue;
    }
    if (auto one = draw(*this)) {
      return one;
    }
  }
  return std::nullopt;
}

bool Drafter::happen(const Action &action) {
  const auto spec =
      std::find_if(actions_.begin(), actions_.end(), [&](const ActionSpec &one) { return one.name == action.name; });
  if (spec == actions_.end() || perform({desktop, view, *spec, action}).status != OutcomeStatus::kDone) {
    return false;
  }
  desktop.deeds = 0;
  view = look(desktop);
  return true;
}

Goal goal_of(const Desktop &start, const std::vector<Deed> &deeds) {
  Goal goal;
  goal.accepted.push_back(start);
  for (const auto &deed : deeds) {
    deed.change(goal.accepted.back());
  }
  return goal;
}

Goal no_change(const Desktop &start) { return {{start}, true}; }

Task task_of(Drafter &drafter, Said said, std::vector<Deed> deeds) {
  Task task;
  task.language = drafter.language;
  Stage stage;
  stage.utterance = drafter.heard(std::move(said));
  stage.goal = goal_of(drafter.desktop, deeds);
  for (auto &deed : deeds) {
    stage.gold.push_back(std::move(deed.action));
  }
  task.start = drafter.desktop;
  task.stages.push_back(std::move(stage));
  return task;
}

} // namespace yanxing::sim
