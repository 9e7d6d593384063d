// SimPO (Meng et al. 2024, arXiv:2405.14734): −log σ(β·(mean log p chosen − mean log p rejected) − γ), without a
// reference model. `nll` is CPO's weight of the chosen answer's mean −log p (arXiv:2401.08417), 1 in ms-swift and 0
// in the paper.
#pragma once

#include "train/losses/pair_loss.h"

namespace yanxing::train {

struct SimpoSettings {
  double beta = 2;
  double gamma = 1;
  double nll = 1;
  double label_smoothing = 0;
};

PairLoss simpo_loss(const AnswerScore &chosen, const AnswerScore &rejected, const SimpoSettings &settings);

} // namespace yanxing::train
