// Odds-ratio preference optimization (Hong et al. 2024, arXiv:2403.07691): the chosen answer's mean −log p, and
// −β·log σ of the log odds ratio of both answers' mean probabilities. It needs no reference model.
#pragma once

#include "train/losses/pair_loss.h"

namespace yanxing::train {

PairLoss orpo_loss(const AnswerScore &chosen, const AnswerScore &rejected, double beta);

} // namespace yanxing::train
