// Rollouts as packed rows: what completions of a prompt have in common is computed once, and each candidate of each
// choice is a target, so that a choice's probability among its candidates comes out of the model's log-probabilities
// (their common normaliser cancels).
#pragma once

#include "train/rollout.h"

#include "nn/packed_row.h"

#include <ATen/core/Tensor.h>

#include <vector>

namespace yanxing::train {

struct PlacedChoice {
  std::size_t rollout = 0;
  const Choice *choice = nullptr;
  std::size_t first_target = 0; // its candidates' targets follow each other
};

struct ChoiceRow {
  pack::PackedRow row;
  std::vector<PlacedChoice> choices; // in the order of rollouts and of writing
};

struct ChoiceRows {
  std::vector<ChoiceRow> rows;
  std::vector<std::size_t> too_long; // rollouts that do not fit a row
};

// The rollouts outlive the rows. All choices of a rollout stand in one row.
ChoiceRows pack_choices(const std::vector<Rollout> &rollouts, std::int64_t max_length);

// A choice's log-probability at `temperature` under the targets' log p, its entropy, and how it changes with each
// target's log p: added to `slopes` (one a target), times `push`.
struct ChoiceLogP {
  double log_p = 0;
  double entropy = 0;
};
ChoiceLogP log_p_of(const PlacedChoice &placed, std::span<const float> target_log_p, double temperature);
void add_slopes(const PlacedChoice &placed, std::span<const float> target_log_p, double temperature, double push,
                std::span<float> slopes);

} // namespace yanxing::train
