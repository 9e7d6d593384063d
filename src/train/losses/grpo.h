// Group-relative policy optimization (Shao et al. 2024, arXiv:2402.03300) and its relatives: what a completion's
// choices are pushed by. DAPO (arXiv:2503.14476) averages over all tokens and clips wider above; Dr. GRPO
// (arXiv:2503.20783) divides by a constant length; CISPO (arXiv:2506.13585) clips the weight and never the gradient;
// GSPO (arXiv:2507.18071) weighs whole completions. The KL penalty is Schulman's k3 estimator.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace yanxing::train {

enum class GrpoKind { kGrpo, kBnpo, kDrGrpo, kDapo, kCispo };
Result<GrpoKind> grpo_kind_of(std::string_view name); // grpo, bnpo, dr_grpo, dapo, cispo

struct GrpoLossSettings {
  GrpoKind kind = GrpoKind::kGrpo;
  double epsilon = 0.2;
  double epsilon_high = 0.2;  // CISPO: the largest weight itself
  double delta = 0;           // a second bound of the ratio, for negative advantages; 0: none
  double beta = 0.04;         // of the KL penalty
  bool by_sequence = false;   // importance_sampling_level sequence
  std::int64_t longest = 512; // Dr. GRPO's constant
};

// Log-probabilities of one choice that was made.
struct ChoiceScore {
  double log_p = 0;     // now
  double old = 0;       // when it was made
  double reference = 0; // under the reference; not looked at where beta is 0
};

struct CompletionLoss {
  double loss = 0;            // Σ over choices, not normalised
  std::vector<double> slopes; // ∂loss / ∂ log_p of each choice
  double divergence = 0;      // Σ of the KL estimates
  std::int64_t clipped = 0;   // choices that the clip holds back
};
CompletionLoss grpo_loss(std::span<const ChoiceScore> choices, double advantage, const GrpoLossSettings &settings);

// What a completion's sum is multiplied with in a step of `completions` with `choices` in all of them together.
double grpo_share(std::int64_t own_choices, std::int64_t choices, std::int64_t completions,
                  const GrpoLossSettings &settings);

enum class RewardScale { kGroup, kBatch, kNone };
Result<RewardScale> reward_scale_of(std::string_view name); // group, batch, none
// Rewards less their group's mean, divided by the standard deviation of the group or of all. `rewards`: groups of
// `group` one after the other.
std::vector<double> advantages_of(std::span<const double> rewards, std::size_t group, RewardScale scale);

} // namespace yanxing::train
