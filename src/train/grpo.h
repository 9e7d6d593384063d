// Group-relative policy optimization: several completions of each prompt are drawn and rewarded, and choices of those
// that did better than their group are made likelier. One flat recipe; where completions come from is plugged in.
#pragma once

#include "train/losses/grpo.h"
#include "train/rollout.h"
#include "train/run.h"

namespace yanxing::train {

struct GrpoSettings {
  RunSettings run; // batch: completions a step, a multiple of num_generations
  GrpoLossSettings loss;
  std::size_t num_generations = 8;
  std::int64_t num_iterations = 1; // steps made of the same completions
  RewardScale scale = RewardScale::kGroup;
  bool dynamic_sample = false; // groups whose rewards are all alike are drawn anew from other prompts
  int max_resample_times = 3;
  bool overlong_filter = false; // completions that hit the limit teach nothing
  double temperature = 0.9;     // that the source draws at
  std::int64_t max_length = 2048;
};

// Errors: no prompts, what the source says, as Stepper; several processes.
// Metrics: reward, reward_std, frac_reward_zero_std, rewards/NAME, kl, entropy, clip_ratio, completions/mean_length,
// completions/clipped_ratio, abstention, sampling_logp_difference (mean |trainer − engine| of a choice's log p).
// Every completion is a line of output/completions.jsonl.
Result<RunResult> grpo(nn::Model &model, RolloutSource &source, const GrpoSettings &settings, const OnStep &on_step);

} // namespace yanxing::train
