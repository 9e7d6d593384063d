// Generalized knowledge distillation (Agarwal et al. 2024, arXiv:2306.13649, equation 1): how far the student's
// distribution is from the teacher's, between forward KL (β 0) and reverse KL (β 1), as TRL's GKDTrainer has it.
#pragma once

#include <span>

namespace yanxing::train {

// Both are logits over the same outcomes, each up to a constant. ∂D/∂(student's logit) goes to `slopes`, which may be
// the student's own memory. 0 ≤ β ≤ 1.
double generalized_jsd(std::span<const float> student, std::span<const float> teacher, double beta,
                       std::span<float> slopes);

} // namespace yanxing::train
