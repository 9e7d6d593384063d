#include "train/row_loop.h"

#include "train/plan.h"
#include "train/stepper.h"

#include <ATen/core/grad_mode.h>

#include <numeric>

namespace yanxing::train {
namespace {

// Which process takes each row of a step.
std::vector<int> shared_out(const std::vector<pack::PackedRow> &rows, const PlannedStep &step, int processes) {
  std::vector<std::size_t> tokens;
  for (const auto index : step.rows) {
    tokens.push_back(rows[index].tokens.size());
  }
  return share_rows(tokens, processes);
}

void add(std::vector<double> &sums, const std::vector<double> &more) {
  for (std::size_t i = 0; i < more.size(); ++i) {
    sums[i] += more[i];
  }
}

// Means of what was summed and counted.
Metrics named(const std::vector<std::string> &names, const std::vector<double> &sums) {
  Metrics metrics;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (sums[2 * i + 1] > 0) {
      metrics.emplace_back(names[i], sums[2 * i] / sums[2 * i + 1]);
    }
  }
  return metrics;
}

// Adds this process's rows to the gradients and to the report's loss.
Status make_gradients(const std::vector<pack::PackedRow> &rows, const PlannedStep &step, const RowObjective &objective,
                      const RunSettings &settings, ProcessGroup &processes, double scale, StepReport &report) {
  double weight = 0;
  for (const auto index : step.rows) {
    weight += objective.weight(rows[index]);
    report.tokens += static_cast<std::int64_t>(rows[index].tokens.size());
    report.samples +=
        objective.samples ? objective.samples(rows[index]) : static_cast<std::int64_t>(rows[index].samples.size());
  }
  const auto ranks = shared_out(rows, step, processes.size());
  std::vector<double> sums(2 * objective.metrics.size(), 0.0);
  for (std::size_t i = 0; i < step.rows.size(); ++i) {
    if (ranks[i] != processes.rank()) {
      continue;
    }
    const auto index = step.rows[i];
    nn::Pass pass;
    pass.training = true;
    // The same row of the same step has the same dropout, whether or not the run was broken off before.
    pass.dropout_seed = settings.seed + static_cast<std::uint64_t>(report.step) * 1000003U + index;
    pass.embedding_noise = settings.embedding_noise;
    const auto made = objective.loss(rows[index], index, false, pass);
    if (made.descent.defined()) {
      const auto mean = made.descent.div(weight);
      nn::backward(scale == 1.0 ? mean : mean.mul(scale));
    }
    report.loss += made.loss / weight;
    add(sums, made.metrics);
  }
  if (auto summed = sums.empty() ? Status() : processes.sum(sums); !summed) {
    return summed;
  }
  report.metrics = named(objective.metrics, sums);
  return {};
}

Status only_single_rows(const std::vector<PlannedStep> &plan) {
  for (const auto &step : plan) {
    if (step.rows.size() > 1) {
      return Error{"moving parameters within the backward pass wants one row a step, and a step here has " +
                       std::to_string(step.rows.size()),
                   "Use --per_device_train_batch_size 1 --gradient_accumulation_steps 1, or leave out "
                   "--galore_optim_per_parameter"};
    }
  }
  return {};
}

} // namespace

Result<Measured> measure_rows(const std::vector<pack::PackedRow> &rows, const RowObjective &objective,
                              ProcessGroup &processes) {
  const at::NoGradGuard no_gradients;
  std::vector<double> sums(2 + 2 * objective.metrics.size(), 0.0); // loss, weight, metrics
  for (auto i = static_cast<std::size_t>(processes.rank()); i < rows.size();
       i += static_cast<std::size_t>(processes.size())) {
    auto made = objective.loss(rows[i], i, true, {});
    made.metrics.insert(made.metrics.begin(), {made.loss, objective.weight(rows[i])});
    add(sums, made.metrics);
  }
  if (auto summed = processes.sum(sums); !summed) {
    return summed.error();
  }
  return Measured{sums[1] > 0 ? sums[0] / sums[1] : 0, named(objective.metrics, {sums.begin() + 2, sums.end()})};
}

Result<RunResult> run_over_rows(nn::Model &model, const std::vector<pack::PackedRow> &rows,
                                const std::vector<pack::PackedRow> &validation, const RowObjective &objective,
                                const RunSettings &settings, const OnStep &on_step) {
  const auto plan =
      plan_steps(rows, settings.epochs, settings.batch, settings.max_steps, settings.seed, objective.samples);
  if (plan.empty()) {
    return Error{"there is nothing to train on", "Give a --dataset with at least one sample that fits --max_length"};
  }
  Stepper stepper(model, settings);
  if (auto begun = stepper.begin(static_cast<std::int64_t>(plan.size())); !begun) {
    return begun.error();
  }
  if (auto single = settings.step_in_backward ? only_single_rows(plan) : Status(); !single) {
    return single.error();
  }
  RunResult result;
  for (auto at = stepper.first(); at < stepper.steps(); ++at) {
    const auto &planned = plan[static_cast<std::size_t>(at)];
    StepReport report;
    report.step = at + 1;
    report.steps = stepper.steps();
    report.epoch = planned.epoch;
    const auto done = stepper.step(report, [&](double scale) {
      return make_gradients(rows, planned, objective, settings, stepper.processes(), scale, report);
    });
    if (!done) {
      return done.error();
    }
    if (stepper.is_due(report.step, settings.evaluate_every) && !validation.empty()) {
      auto measured = measure_rows(validation, objective, stepper.processes());
      if (!measured) {
        return measured.error();
      }
      report.validation_loss = result.validation_loss = measured->loss;
      report.validation_metrics = std::move(measured->metrics);
    }
    result.steps = report.step;
    result.loss = report.loss;
    result.metrics = report.metrics;
    const bool stop = on_step && !on_step(report);
    auto saved = stepper.save_where_due(report.step, stop);
    if (!saved) {
      return saved.error();
    }
    if (!saved->empty()) {
      result.checkpoint = std::move(*saved);
    }
    if (stop) {
      break;
    }
  }
  return result;
}

} // namespace yanxing::train
