// Direct preference optimization (Rafailov et al. 2023, arXiv:2305.18290): −log σ(β·Δ), where Δ is the difference of
// both answers' log p / reference. Its relatives: hinge (SLiC, arXiv:2305.10425) and IPO (arXiv:2310.12036, equation
// 17, with mean instead of summed log-probabilities as its authors confirmed to TRL). Label smoothing is cDPO's;
// rpo_alpha adds the chosen answer's mean −log p (arXiv:2404.19733).
#pragma once

#include "base/result.h"
#include "train/losses/pair_loss.h"

#include <string_view>

namespace yanxing::train {

enum class DpoKind { kSigmoid, kHinge, kIpo };
Result<DpoKind> dpo_kind_of(std::string_view name); // sigmoid, hinge, ipo

struct DpoSettings {
  DpoKind kind = DpoKind::kSigmoid;
  double beta = 0.1;
  double label_smoothing = 0; // share of pairs that are the wrong way round
  double rpo_alpha = 0;
};

PairLoss dpo_loss(const AnswerScore &chosen, const AnswerScore &rejected, const DpoSettings &settings);

} // namespace yanxing::train
