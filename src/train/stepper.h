// What each step of any recipe has around its gradients: the learning rate, clipping, the optimizer, the loss's scale,
// checkpoints, and errors that say what to change. A recipe is a loop of its own that calls step() and saved():
//
//   Stepper stepper(model, settings);
//   stepper.begin(steps);
//   for (auto at = stepper.first(); at < steps; ++at) {
//     stepper.step(report, [&](double scale) { … nn::backward(loss · scale) … });
//     stepper.save_where_due(report.step, stop);
//   }
#pragma once

#include "train/checkpoints.h"
#include "train/loss_scale.h"
#include "train/run.h"

#include <optional>

namespace yanxing::train {

class Stepper {
public:
  // Both outlive the stepper.
  Stepper(nn::Model &model, const RunSettings &settings);

  // Makes or resumes the optimizer; all processes have the same parameters afterwards. Errors: an optimizer that is not
  // known, a checkpoint that does not fit.
  Status begin(std::int64_t steps);
  // Steps that a resumed run has behind it.
  [[nodiscard]] std::int64_t first() const { return first_; }
  [[nodiscard]] std::int64_t steps() const { return steps_; }
  [[nodiscard]] ProcessGroup &processes() { return processes_; }

  // One step. `make_gradients` adds to the gradients those of the loss times `scale`, and puts the loss (its own
  // process's part) into the report; sums over processes are made here. Errors: its own, a loss that is no number any
  // more, too little memory.
  Status step(StepReport &report, const std::function<Status(double scale)> &make_gradients);

  [[nodiscard]] bool is_due(std::int64_t step, std::int64_t every) const {
    return step == steps_ || (every > 0 && step % every == 0);
  }
  // The checkpoint's folder; empty where none is due or another process saves.
  Result<std::filesystem::path> save_where_due(std::int64_t step, bool stop);

private:
  Status make_step(StepReport &report, const std::function<Status(double scale)> &make_gradients);

  nn::Model &model_;
  const RunSettings &settings_;
  ProcessGroup alone_ = ProcessGroup::alone();
  ProcessGroup &processes_;
  Checkpoints checkpoints_;
  LossScale scale_;
  nn::Schedule schedule_;
  std::optional<nn::Optimizer> optimizer_;
  std::int64_t first_ = 0;
  std::int64_t steps_ = 0;
};

} // namespace yanxing::train
