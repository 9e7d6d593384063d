// What actions do to the simulated desktop. Each way to act of the real executors (action/executors/) has its effect in
// a file of effects/, under the same name, so that the same action files run here and there.
#pragma once

#include "action/executor.h"
#include "sim/view.h"

#include <string>
#include <vector>

namespace yanxing::sim {

using action::Outcome;
using action::OutcomeStatus;

struct Act { // one action on its way; what it names has passed the policy
  Desktop &desktop;
  const View &view;
  const ActionSpec &spec;
  const Action &action;

  // The front window's item behind an element id; null where there is none (any more).
  [[nodiscard]] Item *item(const std::string &id) const;
};

struct Effect {
  std::string name; // "builtin:share", "mqtt"
  Outcome (*perform)(const Act &act) = nullptr;
  // Takes back what `data` (Outcome::undo) describes; null: it cannot be undone.
  bool (*undo)(Desktop &desktop, const Json &data) = nullptr;
};

Outcome failed(const std::string &detail);
Outcome done(const std::string &detail, Json undo = nullptr);

// Runs an action and keeps how to undo it; "builtin:undo" takes the last one back.
Outcome perform(const Act &act);

} // namespace yanxing::sim
