#include "train/sft.h"

#include "base/json.h"
#include "train/checkpoints.h"
#include "train/plan.h"

#include <ATen/core/grad_mode.h>

#include <chrono>
#include <cmath>

namespace yanxing::train {
namespace {

using Clock = std::chrono::steady_clock;

double weight_of(const pack::PackedRow &row) {
  double sum = 0;
  for (const auto &target : row.targets) {
    sum += static_cast<double>(target.weight);
  }
  return sum;
}

// Adds the gradients of the mean loss over these rows' targets; returns that loss.
double add_gradients(const nn::Model &model, const std::vector<pack::PackedRow> &rows, const PlannedStep &step,
                     std::uint64_t seed, StepReport &report) {
  double weight = 0;
  for (const auto index : step.rows) {
    weight += weight_of(rows[index]);
  }
  double loss = 0;
  for (const auto index : step.rows) {
    const auto &row = rows[index];
    // The same row of the same step has the same dropout, whether or not the run was broken off before.
    const nn::Pass pass{true, true, seed + static_cast<std::uint64_t>(report.step) * 1000003U + index};
    const auto scaled = model.loss(row, pass).div(weight);
    nn::backward(scaled);
    loss += scaled.item().toDouble();
    report.tokens += static_cast<std::int64_t>(row.tokens.size());
    report.samples += static_cast<std::int64_t>(row.samples.size());
  }
  return loss;
}

Error diverged(std::int64_t step) {
  return {"the loss is no number any more at step " + std::to_string(step),
          "Lower --learning_rate, raise --warmup_ratio, or look for broken samples; checkpoints before are sound"};
}

} // namespace

double mean_loss(const nn::Model &model, const std::vector<pack::PackedRow> &rows) {
  const at::NoGradGuard no_gradients;
  double loss = 0;
  double weight = 0;
  for (const auto &row : rows) {
    loss += model.loss(row).item().toDouble();
    weight += weight_of(row);
  }
  return weight > 0 ? loss / weight : 0;
}

Result<SftResult> sft(nn::Model &model, const std::vector<pack::PackedRow> &rows,
                      const std::vector<pack::PackedRow> &validation, const SftSettings &settings,
                      const std::function<bool(const StepReport &)> &on_step) {
  const auto plan = plan_steps(rows, settings.epochs, settings.batch, settings.max_steps, settings.seed);
  if (plan.empty()) {
    return Error{"there is nothing to train on", "Give a --dataset with at least one sample that fits --max_length"};
  }
  const auto steps = static_cast<std::int64_t>(plan.size());
  nn::AdamW optimizer(model.parameters(), settings.adamw);
  const nn::Schedule schedule{settings.schedule, settings.learning_rate,
                              static_cast<std::int64_t>(std::llround(settings.warm_up * static_cast<double>(steps))),
                              steps};
  Checkpoints checkpoints(settings.output, settings.keep);
  SftResult result;
  std::int64_t first = 0;
  if (!settings.resume.empty()) {
    const auto resumed = Checkpoints::resume(settings.resume, steps, optimizer);
    if (!resumed) {
      return resumed.error();
    }
    first = *resumed;
  }
  for (auto at = first; at < steps; ++at) {
    const auto &step = plan[static_cast<std::size_t>(at)];
    const auto started = Clock::now();
    StepReport report;
    report.step = at + 1;
    report.steps = steps;
    report.epoch = step.epoch;
    report.loss = add_gradients(model, rows, step, settings.seed, report);
    report.gradient_norm = optimizer.clip(settings.clip);
    if (!std::isfinite(report.loss) || !std::isfinite(report.gradient_norm)) {
      return diverged(report.step);
    }
    report.learning_rate = schedule.at(at);
    optimizer.step(static_cast<float>(report.learning_rate));
    optimizer.zero();
    report.seconds = std::chrono::duration<double>(Clock::now() - started).count();
    const bool last = at + 1 == steps;
    const auto due = [&](std::int64_t every) { return last || (every > 0 && report.step % every == 0); };
    if (due(settings.evaluate_every) && !validation.empty()) {
      report.validation_loss = result.validation_loss = mean_loss(model, validation);
    }
    result.steps = report.step;
    result.loss = report.loss;
    const bool stop = on_step && !on_step(report);
    if (due(settings.save_every) || stop) {
      auto saved = checkpoints.save(report.step, steps, model, settings.base_model_name, optimizer);
      if (!saved) {
        return saved.error();
      }
      result.checkpoint = std::move(*saved);
    }
    if (stop) {
      break;
    }
  }
  return result;
}

} // namespace yanxing::train
