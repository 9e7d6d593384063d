// Deciding: the turn's context and the words → typed actions with a probability. The prompt comes from text/prompt, the
// grammar from text/slots; this walks the grammar with a Guide. Not thread-safe: one turn at a time.
#pragma once

#include "base/shapes.h"
#include "llm/engine.h"
#include "text/prompt.h"

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

namespace yanxing::llm {

struct DeciderSettings {
  std::string tier = "light";
  std::filesystem::path kept_prefixes; // folder for prefix states; empty: none are kept
  bool keep_functions = false;         // keep the state after the list of actions too (one registry, used again)
  double none_bias = 0;                // log-odds added to "nothing fits"
  double evidence_bias = 2;            // log-odds per unit of text::action_evidence
};

struct Decided {
  Decision decision;
  double prefill_ms = 0; // context and words
  double decode_ms = 0;  // the answer
  int prompt_tokens = 0;
  int computed_tokens = 0; // of the prompt, after the cache
  int sampled_tokens = 0;
  int forced_tokens = 0;
};

class Decider {
public:
  Decider(std::unique_ptr<Engine> engine, DeciderSettings settings);
  ~Decider();

  // Computes everything that does not depend on the words; called when speech starts. May be stopped.
  Status prepare(const text::TurnContext &context, const std::stop_token &stop = {});
  // `utterance` normalised and repaired. An empty one gives none without asking the model.
  Result<Decided> decide(const text::TurnContext &context, const std::string &utterance);

private:
  struct Part {
    std::vector<Action> actions; // empty: nothing fits
    double log_probability = 0;
  };
  Result<Part> decide_one(const text::TurnContext &context, const std::string &request, Decided &sum);
  std::vector<Token> tokens_of(const std::vector<text::Piece> &pieces) const;
  void hold_kept(const std::vector<Token> &prefix);
  [[nodiscard]] std::vector<Token> with_functions(const text::TurnContext &context) const;

  std::unique_ptr<Engine> engine_;
  DeciderSettings settings_;
  std::vector<Token> instructions_;
};

} // namespace yanxing::llm
