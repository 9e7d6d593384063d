// The loop of every recipe whose samples are there before it starts: epochs over packed rows, a gradient from each row
// of a step, validation now and then. What a row's loss is, is the recipe's.
#pragma once

#include "pack/packed_row.h"
#include "train/run.h"

#include <ATen/core/Tensor.h>

namespace yanxing::train {

// Of one row, summed and not yet averaged.
struct RowLoss {
  at::Tensor descent; // its gradient is the loss's; undefined where the row teaches nothing
  double loss = 0;
  std::vector<double> metrics; // as many as the objective has names, with their counts behind: sum, count, sum, …
};

struct RowObjective {
  std::vector<std::string> metrics;
  // What a step's sum is divided by: a row's supervised tokens, or its comparisons.
  std::function<double(const pack::PackedRow &)> weight;
  // Samples as the batch size counts them; empty: all of the row's.
  std::function<std::int64_t(const pack::PackedRow &)> samples;
  // `validation`: the row is one of those held back. Without gradients where there is none to make.
  std::function<RowLoss(const pack::PackedRow &row, std::size_t index, bool validation, const nn::Pass &pass)> loss;
};

// Errors: no rows, a resumed checkpoint that does not fit, what Stepper::step says, a full disk, other processes that
// have ended. Of several processes only the first one saves.
Result<RunResult> run_over_rows(nn::Model &model, const std::vector<pack::PackedRow> &rows,
                                const std::vector<pack::PackedRow> &validation, const RowObjective &objective,
                                const RunSettings &settings, const OnStep &on_step);

struct Measured {
  double loss = 0;
  Metrics metrics;
};
// The mean over rows that are held back, without gradients; each process computes its share of them.
Result<Measured> measure_rows(const std::vector<pack::PackedRow> &rows, const RowObjective &objective,
                              ProcessGroup &processes);

} // namespace yanxing::train
