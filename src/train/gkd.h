// Generalized knowledge distillation: a student learns a teacher's distribution, on answers that are there (then over
// the whole vocabulary) and on answers that it draws itself (then over what it could choose from: forced text is not
// learned). One flat recipe.
#pragma once

#include "pack/packed_row.h"
#include "train/rollout.h"
#include "train/run.h"

namespace yanxing::train {

struct GkdSettings {
  RunSettings run;
  double beta = 0.5;        // 0: forward KL … 1: reverse KL
  double lmbda = 0.5;       // share of steps on the student's own answers; 0 needs no source
  double temperature = 0.9; // that the source draws at
  std::int64_t max_length = 2048;
};

// `source` may be null where lmbda is 0; its prompts are the student's to answer. Errors: another vocabulary, a student
// without an adapter, several processes, what the source says, as Stepper.
// Metrics: jsd (mean over tokens, or over choices), on_policy (1 or 0).
Result<RunResult> gkd(nn::Model &student, const nn::Model &teacher, const std::vector<pack::PackedRow> &rows,
                      RolloutSource *source, const GkdSettings &settings, const OnStep &on_step);

} // namespace yanxing::train
