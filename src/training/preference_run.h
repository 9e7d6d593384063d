// `yanxing rlhf` with answers that are there before it starts: dpo, orpo, simpo, kto.
#pragma once

#include "training/session.h"

#include <optional>
#include <string>

namespace yanxing::training {

struct PreferenceOptions {
  std::optional<double> beta; // empty: the method's own (simpo 2, else 0.1)
  std::string loss_type;      // of dpo; empty: sigmoid
  double label_smoothing = 0;
  double rpo_alpha = 0;
  double simpo_gamma = 1;
  double cpo_alpha = 1;
  double desirable_weight = 1;
  double undesirable_weight = 1;
  std::string ref_adapters; // the reference is the model with this adapter: the one that --adapters starts from
};

void add_preference_options(CLI::App &app, PreferenceOptions &options);

// `type`: dpo, orpo, simpo or kto. `run` and `app` as Session has them.
Status learn_preferences(const std::string &type, const CLI::App &app, RunOptions &run,
                         const PreferenceOptions &options);

} // namespace yanxing::training
