// What a preference loss sees of two answers to one prompt, and what it says of them. Losses are plain functions of
// log-probabilities with their derivatives written out: a recipe turns the slopes into gradients (Σ slope · log p).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace yanxing::train {

struct AnswerScore {
  double log_p = 0;     // Σ log p of the answer's tokens
  double reference = 0; // the same under the reference model
  std::int64_t tokens = 0;

  [[nodiscard]] double mean() const { return log_p / static_cast<double>(std::max<std::int64_t>(1, tokens)); }
};

struct PairLoss {
  double loss = 0;
  double chosen_slope = 0;   // ∂loss / ∂ chosen.log_p
  double rejected_slope = 0; // ∂loss / ∂ rejected.log_p
  double chosen_reward = 0;  // the implied rewards, for curves
  double rejected_reward = 0;
};

inline double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
inline double log_sigmoid(double x) { return std::min(x, 0.0) - std::log1p(std::exp(-std::abs(x))); }

// Adds `weight` · (−mean log p of the chosen answer): what keeps it likely while the two are pulled apart.
inline void add_nll(PairLoss &pair, const AnswerScore &chosen, double weight) {
  pair.loss -= weight * chosen.mean();
  pair.chosen_slope -= weight / static_cast<double>(std::max<std::int64_t>(1, chosen.tokens));
}

} // namespace yanxing::train
