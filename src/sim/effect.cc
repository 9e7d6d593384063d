#include "sim/effect.h"

#include <algorithm>

namespace yanxing::sim {

#define YANXING_DECLARE(name) Effect make_##name##_effect();
#include "effect_table.inc"
#undef YANXING_DECLARE

namespace {

const std::vector<Effect> &all_effects() {
  static const std::vector<Effect> kAll{
#define YANXING_ENTRY(name) make_##name##_effect(),
#include "effect_table.inc"
#undef YANXING_ENTRY
  };
  return kAll;
}

const Effect *find_effect(const std::string &name) {
  const auto &all = all_effects();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Effect &effect) { return effect.name == name; });
  return found == all.end() ? nullptr : &*found;
}

// "builtin:share" for {"builtin":"share"}, else the way itself, as the real operator names executors.
std::string effect_name(const Json &run) {
  if (!run.is_object() || run.empty()) {
    return "";
  }
  const auto &way = run.begin().key();
  return way == "builtin" && run.begin()->is_string() ? "builtin:" + run.begin()->get<std::string>() : way;
}

Outcome undo_last(Desktop &desktop) {
  if (desktop.journal.empty()) {
    return failed("there is nothing to undo");
  }
  const auto last = desktop.journal.back();
  desktop.journal.pop_back();
  const auto *effect = find_effect(last.effect);
  return effect != nullptr && effect->undo != nullptr && effect->undo(desktop, last.data)
             ? done("took back " + last.effect)
             : failed("what was done by " + last.effect + " cannot be undone");
}

} // namespace

Item *Act::item(const std::string &id) const {
  const auto found = view.items.find(id);
  auto *window = desktop.front();
  if (found == view.items.end() || window == nullptr || found->second > window->items.size()) {
    return nullptr;
  }
  auto &item = window->items[found->second - 1];
  return item.gone ? nullptr : &item;
}

Outcome failed(const std::string &detail) { return {OutcomeStatus::kFailed, detail, "", nullptr}; }
Outcome done(const std::string &detail, Json undo) { return {OutcomeStatus::kDone, detail, "", std::move(undo)}; }

Outcome perform(const Act &act) {
  const auto name = effect_name(act.spec.run);
  ++act.desktop.deeds;
  if (name == "builtin:undo") {
    return undo_last(act.desktop);
  }
  const auto *effect = find_effect(name);
  if (effect == nullptr) {
    return failed("there is no simulated " + (name.empty() ? act.spec.name : name));
  }
  auto outcome = effect->perform(act);
  const bool acted = outcome.status == OutcomeStatus::kDone || outcome.status == OutcomeStatus::kQueued;
  if (acted && !outcome.undo.is_null()) {
    constexpr std::size_t kMost = 50; // as the real journal
    act.desktop.journal.push_back({name, outcome.undo});
    if (act.desktop.journal.size() > kMost) {
      act.desktop.journal.erase(act.desktop.journal.begin());
    }
  }
  return outcome;
}

} // namespace yanxing::sim
