// A run's checkpoints: output/checkpoint-STEP with the adapter (PEFT's files) or the whole model (Hugging Face's), the
// optimizer's state, the loss's scale and the step. Each is written under another name and renamed when it is whole, so
// that a run that is killed leaves only whole ones.
#pragma once

#include "base/result.h"
#include "nn/model.h"
#include "nn/optimizer.h"
#include "train/loss_scale.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace yanxing::train {

class Checkpoints {
public:
  // The latest `keep` stay (0: all).
  Checkpoints(std::filesystem::path output, std::size_t keep) : output_(std::move(output)), keep_(keep) {}

  Result<std::filesystem::path> save(std::int64_t step, std::int64_t steps, const nn::Model &model,
                                     const std::string &base_model_name, const nn::Optimizer &optimizer,
                                     const LossScale &scale) const;
  // Steps that are done, with the optimizer and the scale as they were then. Adapter or weights are the caller's to
  // load. Error where the checkpoint is of a run with another number of steps.
  static Result<std::int64_t> resume(const std::filesystem::path &checkpoint, std::int64_t steps,
                                     nn::Optimizer &optimizer, LossScale &scale);
  // The checkpoint with the most steps; empty where there is none.
  static std::filesystem::path latest(const std::filesystem::path &output);

private:
  void drop_old() const;

  std::filesystem::path output_;
  std::size_t keep_;
};

} // namespace yanxing::train
