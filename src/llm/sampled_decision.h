// A decision drawn instead of taken: the same prompt, request by request, and the same grammar as in use, with every
// choice at random. What reinforcement learning tries out.
#pragma once

#include "llm/guide.h"
#include "text/prompt.h"

#include <cstdint>
#include <string>
#include <vector>

namespace yanxing::llm {

struct DrawSettings {
  double temperature = 1;
  std::size_t most = 50;    // candidates of free text
  double none_bias = 0;     // as DeciderSettings
  double evidence_bias = 2; // as DeciderSettings
};

struct SampledRequest {
  std::vector<Token> tokens; // prompt, answer, end of turn
  std::size_t prompt = 0;    // how many of them are the prompt
  std::vector<Drawn> drawn;
};

struct SampledDecision {
  std::vector<SampledRequest> requests; // a compound sentence has several
  std::vector<Action> actions;          // empty: nothing fits
};

// The engine's cache serves what prompts have in common, so that further decisions on the same words cost their
// answers.
Result<SampledDecision> sample_decision(Engine &engine, const text::TurnContext &context, const std::string &utterance,
                                        const DrawSettings &settings, std::uint64_t seed);

} // namespace yanxing::llm
