// `yanxing rlhf --rlhf_type grpo`.
#pragma once

#include "training/decision_rollouts.h"
#include "training/session.h"

#include <optional>
#include <string>
#include <vector>

namespace yanxing::training {

struct GrpoOptions {
  std::optional<double> beta; // empty: 0.04
  std::string loss_type;      // empty: grpo
  std::size_t num_generations = 8;
  std::int64_t num_iterations = 1;
  double epsilon = 0.2;
  std::optional<double> epsilon_high; // empty: epsilon
  double delta = 0;
  std::string importance_sampling_level = "token";
  std::string scale_rewards = "group";
  bool dynamic_sample = false;
  int max_resample_times = 3;
  bool overlong_filter = false;
  double temperature = 0.9;
  std::size_t top_k = 50;
  std::int64_t max_completion_length = 512;
  std::string reward; // a recipe: a file, or JSON itself
  std::vector<std::string> reward_funcs;
  std::vector<double> reward_weights;
};

// Where a model tries things out on the session's data sets. The registry and the repairer are kept here.
struct TryingGround {
  action::Registry registry;
  std::unique_ptr<text::Repairer> repairer;
  std::unique_ptr<DecisionRollouts> rollouts;
};
Result<std::unique_ptr<TryingGround>> open_trying_ground(const Session &session, const RunOptions &run,
                                                         eval::Rewards rewards,
                                                         const DecisionRolloutSettings &settings);

void add_grpo_options(CLI::App &app, GrpoOptions &options);
Status learn_by_trying(const CLI::App &app, RunOptions &run, const GrpoOptions &options);

} // namespace yanxing::training
