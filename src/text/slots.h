// The grammar of one turn: for each parameter of an action, what its value may be on this screen, with these contacts,
// for these words; and how strongly the words speak for it. The decoder writes nothing else.
#pragma once

#include "base/shapes.h"
#include "text/evidence.h"

#include <optional>
#include <string>
#include <vector>

namespace yanxing::text {

struct Choice {
  Json value;
  double bias = 0; // log-odds from the words
};

struct Slot {
  const Parameter *parameter = nullptr;
  enum class Form { kChoice, kNumber, kString, kBoolean, kList, kObject };
  Form form = Form::kString;
  std::vector<Choice> choices; // kChoice; for kNumber the numbers that were said (may be empty: written freely)
  bool integer = false;
  // Log-odds that an optional argument is given at all, from the words; a required one that cannot be filled from
  // the words (a person nobody named) has `absent` set: it is left out and the policy asks.
  double presence = 0;
  bool absent = false;
  // Presence that leaves nothing to decide: the value is named in full, or its closed set is not touched at all.
  static constexpr double kCertain = 10;
  static constexpr double kNever = -10;
};

// Slots in the order of the action's parameters.
std::vector<Slot> slots_for(const ActionSpec &spec, const std::string &utterance, const Screen *screen,
                            const std::vector<Contact> *contacts);

} // namespace yanxing::text
