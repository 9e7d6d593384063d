// Learning from answers that are compared or judged: DPO, ORPO, SimPO (pairs) and KTO (labelled answers). The rows hold
// both sides over one prompt (sample::Answers), so that one pass sees what a loss compares. The reference is the model
// without its adapter, or the model as it starts; its log-probabilities are computed once, before the first step.
#pragma once

#include "pack/packed_row.h"
#include "train/losses/dpo.h"
#include "train/losses/kto.h"
#include "train/losses/simpo.h"
#include "train/run.h"

#include <variant>

namespace yanxing::train {

struct OrpoSettings {
  double beta = 0.1;
};

struct PreferenceSettings {
  RunSettings run;
  std::variant<DpoSettings, OrpoSettings, SimpoSettings, KtoSettings> loss;
  bool reference_is_start = false; // the model as it starts instead of the model without its adapter
  std::function<void(std::size_t row, std::size_t rows)> on_reference; // progress; may be empty
};

// Errors: as run_over_rows(); resuming whole weights without the references that the run kept.
// Metrics: rewards/chosen, rewards/rejected, rewards/margins, rewards/accuracies, logps/chosen, logps/rejected; KTO's
// also kl, and no accuracies.
Result<RunResult> learn_preferences(nn::Model &model, const std::vector<pack::PackedRow> &rows,
                                    const std::vector<pack::PackedRow> &validation, const PreferenceSettings &settings,
                                    const OnStep &on_step);

} // namespace yanxing::train
