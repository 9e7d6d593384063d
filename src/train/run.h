// What every recipe is told, says after each step and leaves.
#pragma once

#include "nn/optimizer.h"
#include "train/process_group.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace yanxing::train {

struct RunSettings {
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

using Metrics = std::vector<std::pair<std::string, double>>; // "rewards/margins", 0.7

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
  Metrics metrics;             // what the recipe measures beside the loss
  double validation_loss = -1; // −1: not measured at this step
  Metrics validation_metrics;
};

struct RunResult {
  std::int64_t steps = 0;
  double loss = 0;             // of the last step
  double validation_loss = -1; // −1: nothing was held back
  Metrics metrics;             // of the last step
  std::filesystem::path checkpoint;
};

// Where it returns false the run stops after saving a checkpoint. It must say the same in all processes.
using OnStep = std::function<bool(const StepReport &)>;

} // namespace yanxing::train
