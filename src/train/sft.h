// Supervised fine-tuning: −log p of what should be said, averaged over the supervised tokens of a step. One flat
// recipe: it takes packed rows and a model with something to train, and leaves checkpoints that another run goes on
// from bit for bit.
#pragma once

#include "base/result.h"
#include "nn/model.h"
#include "nn/optimizer.h"
#include "pack/packed_row.h"
#include "train/process_group.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace yanxing::train {

struct SftSettings {
  std::filesystem::path output; // checkpoints go to output/checkpoint-STEP
  std::string base_model_name;  // for adapter_config.json
  double epochs = 3;
  std::int64_t max_steps = 0; // 0: as many as the epochs have
  std::int64_t batch = 16;    // samples a step, at least: rows are added until they are reached
  float learning_rate = 1e-4F;
  nn::Schedule::Shape schedule = nn::Schedule::Shape::kCosine;
  double warm_up = 0.05; // share of the steps
  float clip = 1.0F;     // of the gradients' norm; 0: none
  nn::OptimizerConfig optimizer;
  // Each parameter moves within the backward pass, so that gradients take no more than one layer's memory. Every step
  // must be one row then, in one process, and each gradient is clipped by its own norm.
  bool step_in_backward = false;
  bool loss_scaling = false; // for float16 (loss_scale.h)
  float embedding_noise = 0; // α of NEFTune (arXiv:2310.05914)
  std::uint64_t seed = 42;
  std::int64_t evaluate_every = 0; // steps; 0: at the end only
  std::int64_t save_every = 0;     // steps; 0: at the end only
  std::size_t keep = 2;            // checkpoints; 0: all
  // A checkpoint of a run with the same rows and settings, whose adapter or weights `model` has; empty: from the start.
  std::filesystem::path resume;
  ProcessGroup *processes = nullptr; // null: this process alone; all have the same rows and settings
};

struct StepReport {
  std::int64_t step = 0; // 1 after the first
  std::int64_t steps = 0;
  double epoch = 0;
  double loss = 0;
  double gradient_norm = 0;
  double learning_rate = 0;
  double loss_scale = 1;
  bool skipped = false;     // a gradient overflowed: no step was made
  std::int64_t tokens = 0;  // computed in this step
  std::int64_t samples = 0; // in this step
  double seconds = 0;
  double validation_loss = -1; // −1: not measured at this step
};

struct SftResult {
  std::int64_t steps = 0;
  double loss = 0;             // of the last step
  double validation_loss = -1; // −1: nothing was held back
  std::filesystem::path checkpoint;
};

// `on_step` may be empty; where it returns false the run stops after saving a checkpoint.
// Errors: no rows, an optimizer that is not known, a resumed checkpoint that does not fit, a loss that is no number any
// more, a full disk, too little memory, other processes that have ended. Of several processes only the first one saves,
// and `on_step` must say the same in all.
Result<SftResult> sft(nn::Model &model, const std::vector<pack::PackedRow> &rows,
                      const std::vector<pack::PackedRow> &validation, const SftSettings &settings,
                      const std::function<bool(const StepReport &)> &on_step);

// Mean −log p per supervised token, without gradients; each process computes its share of the rows.
Result<double> mean_loss(const nn::Model &model, const std::vector<pack::PackedRow> &rows, ProcessGroup &processes);

} // namespace yanxing::train
