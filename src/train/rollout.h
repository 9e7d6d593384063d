// What reinforcement learning is given of a model that tries things out. Where rollouts come from is plugged in
// (DESIGN section 4), so that recipes need neither an inference engine nor rewards.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "nn/model.h"

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace yanxing::train {

// A token that could have come next, with what is added to the model's log-odds for it.
struct Candidate {
  std::int64_t token = 0;
  double bias = 0;
};

// A place where a policy chose among candidates; everything else in a completion was forced and is not learned.
struct Choice {
  std::vector<std::int64_t> context; // of the answer, what had been written
  std::vector<Candidate> candidates; // those taken first
  std::size_t taken = 1;             // the first so many count as one: together they are what was taken
  double log_p = 0;                  // as the engine that drew it has it
};

// One prompt with its answer.
struct Written {
  std::vector<std::int64_t> tokens;
  std::size_t prompt = 0; // how many of them are the prompt
  std::vector<Choice> choices;
};

struct Rollout {
  std::vector<Written> written; // several where a completion is written in turns
  double reward = 0;
  std::vector<std::pair<std::string, double>> rewards; // each function's own
  bool finished = true;                                // it ended by itself, not at a limit
  bool abstained = false;                              // nothing was done
  std::int64_t tokens = 0;                             // of the answers
  Json record;                                         // for completions.jsonl
};

class RolloutSource {
public:
  virtual ~RolloutSource() = default;
  [[nodiscard]] virtual std::size_t prompts() const = 0;
  // `count` rollouts of each prompt, one prompt after the other, with the model as it is now, at a temperature that
  // their log-probabilities are of. The same seed gives the same ones.
  virtual Result<std::vector<Rollout>> collect(const nn::Model &model, std::span<const std::size_t> prompts,
                                               std::size_t count, std::uint64_t seed) = 0;
};

} // namespace yanxing::train
