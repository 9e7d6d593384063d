// Kahneman-Tversky optimization (Ethayarajh et al. 2024, arXiv:2402.01306, equation 7): single answers that are good
// or bad, judged against how far the model has moved from its reference on answers in general (the KL term, a number
// without gradient, from answers to other prompts).
#pragma once

#include "train/losses/pair_loss.h"

#include <span>

namespace yanxing::train {

struct KtoSettings {
  double beta = 0.1;
  double desirable_weight = 1;
  double undesirable_weight = 1;
};

struct KtoLoss {
  double loss = 0;
  double slope = 0;  // ∂loss / ∂ log_p
  double reward = 0; // the implied one
};

// Mean log p / reference over answers that belong to other prompts, at least 0; 0 of none.
double kto_divergence(std::span<const AnswerScore> mismatched);
KtoLoss kto_loss(const AnswerScore &answer, bool desirable, double divergence, const KtoSettings &settings);

} // namespace yanxing::train
