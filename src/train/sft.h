// Supervised fine-tuning: −log p of what should be said, averaged over the supervised tokens of a step. One flat
// recipe: it takes packed rows and a model with something to train, and leaves checkpoints that another run goes on
// from bit for bit.
#pragma once

#include "pack/packed_row.h"
#include "train/run.h"

namespace yanxing::train {

// Errors: as run_over_rows().
Result<RunResult> sft(nn::Model &model, const std::vector<pack::PackedRow> &rows,
                      const std::vector<pack::PackedRow> &validation, const RunSettings &settings,
                      const OnStep &on_step);

// Mean −log p per supervised token, without gradients; each process computes its share of the rows.
Result<double> mean_loss(const nn::Model &model, const std::vector<pack::PackedRow> &rows, ProcessGroup &processes);

} // namespace yanxing::train
