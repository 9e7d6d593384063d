// The one place where prompts are written: inference, training and evaluation call this. Stable parts come first, so
// that the KV cache serves them from turn to turn: instructions and worked examples (the same for every turn), the
// actions, the screen, the last turns; then what was said.
#pragma once

#include "base/shapes.h"

#include <string>
#include <string_view>
#include <vector>

namespace yanxing::text {

struct PastTurn {
  std::string utterance;
  std::string decision; // JSON as decided
};

// Everything a decision may depend on but the words.
struct TurnContext {
  const std::vector<ActionSpec> *actions = nullptr;
  const Screen *screen = nullptr;                 // null: nothing is seen
  const std::vector<Contact> *contacts = nullptr; // null: nobody is known
  std::vector<PastTurn> history;                  // oldest first
  bool pictured = false;                          // the model sees the screen's picture too
};

// A run of prompt text. Text from outside (screen, user) is never read as special tokens.
struct Piece {
  std::string text;
  bool special = false;
  bool picture = false; // the picture of the screen stands here; there is no text
};

// ChatML, as the Qwen family was trained. The four parts concatenate to the whole prompt, which ends where the model
// begins to answer.
std::vector<Piece> instructions_part();
std::vector<Piece> functions_part(const std::vector<ActionSpec> &actions);
std::vector<Piece> context_part(const TurnContext &context); // the picture, the screen and the last turns
std::vector<Piece> utterance_part(const std::string &utterance, const std::vector<const Element *> &candidates);

// What stands before the words: the same for every utterance, so it is computed with the context.
inline constexpr std::string_view kUtteranceLead = "User:";

// The answer as the model writes it: one call a line; {"action":"none"} where there is none.
std::string answer_text(const std::vector<Action> &actions);

// The elements the prompt lists for this screen (the most salient, at most kListedElements).
inline constexpr std::size_t kListedElements = 24;
std::string element_line(const Element &element);

} // namespace yanxing::text
