#include "train/sft.h"

#include "base/json.h"
#include "train/checkpoints.h"
#include "train/plan.h"

#include <ATen/core/grad_mode.h>

#include <array>
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

// Which process takes each row of a step.
std::vector<int> shared_out(const std::vector<pack::PackedRow> &rows, const PlannedStep &step, int processes) {
  std::vector<std::size_t> tokens;
  for (const auto index : step.rows) {
    tokens.push_back(rows[index].tokens.size());
  }
  return share_rows(tokens, processes);
}

// Makes the gradients of the mean loss over these rows' targets, of all processes together; fills in that loss.
Status make_gradients(const nn::Model &model, const std::vector<pack::PackedRow> &rows, const PlannedStep &step,
                      std::uint64_t seed, ProcessGroup &processes, StepReport &report) {
  double weight = 0;
  for (const auto index : step.rows) {
    weight += weight_of(rows[index]);
    report.tokens += static_cast<std::int64_t>(rows[index].tokens.size());
    report.samples += static_cast<std::int64_t>(rows[index].samples.size());
  }
  const auto ranks = shared_out(rows, step, processes.size());
  for (std::size_t i = 0; i < step.rows.size(); ++i) {
    if (ranks[i] != processes.rank()) {
      continue;
    }
    const auto index = step.rows[i];
    const auto &row = rows[index];
    // The same row of the same step has the same dropout, whether or not the run was broken off before.
    const nn::Pass pass{true, true, seed + static_cast<std::uint64_t>(report.step) * 1000003U + index};
    const auto scaled = model.loss(row, pass).div(weight);
    nn::backward(scaled);
    report.loss += scaled.item().toDouble();
  }
  if (auto summed = processes.sum_gradients(model.parameters()); !summed) {
    return summed;
  }
  return processes.sum({&report.loss, 1});
}

Error diverged(std::int64_t step) {
  return {"the loss is no number any more at step " + std::to_string(step),
          "Lower --learning_rate, raise --warmup_ratio, or look for broken samples; checkpoints before are sound"};
}

} // namespace

Result<double> mean_loss(const nn::Model &model, const std::vector<pack::PackedRow> &rows, ProcessGroup &processes) {
  const at::NoGradGuard no_gradients;
  std::array<double, 2> sums{}; // −log p, weight
  for (auto i = static_cast<std::size_t>(processes.rank()); i < rows.size();
       i += static_cast<std::size_t>(processes.size())) {
    sums[0] += model.loss(rows[i]).item().toDouble();
    sums[1] += weight_of(rows[i]);
  }
  if (auto summed = processes.sum(sums); !summed) {
    return summed.error();
  }
  return sums[1] > 0 ? sums[0] / sums[1] : 0;
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
  auto alone = ProcessGroup::alone();
  auto &processes = settings.processes != nullptr ? *settings.processes : alone;
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
  if (auto shared = processes.share(model.parameters()); !shared) {
    return shared.error();
  }
  for (auto at = first; at < steps; ++at) {
    const auto &step = plan[static_cast<std::size_t>(at)];
    const auto started = Clock::now();
    StepReport report;
    report.step = at + 1;
    report.steps = steps;
    report.epoch = step.epoch;
    if (auto made = make_gradients(model, rows, step, settings.seed, processes, report); !made) {
      return made.error();
    }
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
      const auto loss = mean_loss(model, validation, processes);
      if (!loss) {
        return loss.error();
      }
      report.validation_loss = result.validation_loss = *loss;
    }
    result.steps = report.step;
    result.loss = report.loss;
    const bool stop = on_step && !on_step(report);
    if ((due(settings.save_every) || stop) && processes.leads()) {
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
