// `yanxing rlhf --rlhf_type gkd`.
#pragma once

#include "training/session.h"

#include <string>

namespace yanxing::training {

struct GkdOptions {
  std::string teacher;          // model: file, folder or name
  std::string teacher_adapters; // empty: none
  double lmbda = 0.5;
  double beta = 0.5;
  double temperature = 0.9;
  std::size_t top_k = 50;
};

void add_gkd_options(CLI::App &app, GkdOptions &options);
Status learn_from_teacher(const CLI::App &app, RunOptions &run, const GkdOptions &options);

} // namespace yanxing::training
