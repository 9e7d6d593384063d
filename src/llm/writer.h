// Writes a decision, call by call and argument by argument, under the turn's grammar.
#pragma once

#include "base/shapes.h"
#include "llm/guide.h"
#include "text/prompt.h"

#include <string>
#include <string_view>
#include <vector>

namespace yanxing::llm {

struct WritingBias {
  double none = 0;     // log-odds for "nothing fits"
  double evidence = 0; // log-odds per unit of text::action_evidence
};

// What every answer begins with.
inline constexpr std::string_view kAnswerLead = "{\"action\":\"";

// The actions decided, in order; empty where nothing fits.
Result<std::vector<Action>> write_actions(Guide &guide, const text::TurnContext &context, const std::string &utterance,
                                          const WritingBias &bias);

// Elements that the words point at and the prompt's own list leaves out (large screens): shown with the words.
std::vector<const Element *> unlisted_candidates(const text::TurnContext &context, const std::string &utterance);

} // namespace yanxing::llm
