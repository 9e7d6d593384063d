#include "train/sft.h"

#include "base/json.h"
#include "train/checkpoints.h"
#include "train/loss_scale.h"
#include "train/plan.h"

#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>

#include <array>
#include <chrono>
#include <cmath>
#include <new>
#include <optional>

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

Error diverged(std::int64_t step, const SftSettings &settings) {
  return {"the loss is no number any more at step " + std::to_string(step),
          std::string(settings.loss_scaling ? "Use --torch_dtype bfloat16, whose range is that of fp32; or l" : "L") +
              "ower --learning_rate, raise --warmup_ratio, or look for broken samples; checkpoints before are sound"};
}

Error out_of_memory(std::int64_t step, const std::string &why) {
  return {
      "there is not enough memory for step " + std::to_string(step) + " (" + why + ")",
      "Lower --max_length, turn --gradient_checkpointing on, use --optim adamw_8bit or adafactor, --torch_dtype "
      "bfloat16, --use_galore, or an adapter (--tuner_type lora, --quant_bits 4); yanxing memory says what each needs"};
}

class Run {
public:
  Run(nn::Model &model, const std::vector<pack::PackedRow> &rows, const std::vector<pack::PackedRow> &validation,
      const SftSettings &settings)
      : model_(model), rows_(rows), validation_(validation), settings_(settings),
        processes_(settings.processes != nullptr ? *settings.processes : alone_),
        checkpoints_(settings.output, settings.keep),
        scale_(settings.loss_scaling ? LossScale::dynamic() : LossScale::fixed()) {}

  Result<SftResult> run(const std::function<bool(const StepReport &)> &on_step) {
    if (auto ready = prepare(); !ready) {
      return ready.error();
    }
    for (auto at = first_; at < steps(); ++at) {
      StepReport report;
      report.step = at + 1;
      report.steps = steps();
      report.epoch = plan_[static_cast<std::size_t>(at)].epoch;
      if (auto done = step(plan_[static_cast<std::size_t>(at)], report); !done) {
        return done.error();
      }
      if (auto measured = measure(report); !measured) {
        return measured.error();
      }
      result_.steps = report.step;
      result_.loss = report.loss;
      const bool stop = on_step && !on_step(report);
      if ((due(report.step, settings_.save_every) || stop) && processes_.leads()) {
        auto saved = checkpoints_.save(report.step, steps(), model_, settings_.base_model_name, *optimizer_, scale_);
        if (!saved) {
          return saved.error();
        }
        result_.checkpoint = std::move(*saved);
      }
      if (stop) {
        break;
      }
    }
    return result_;
  }

private:
  [[nodiscard]] std::int64_t steps() const { return static_cast<std::int64_t>(plan_.size()); }
  [[nodiscard]] bool due(std::int64_t step, std::int64_t every) const {
    return step == steps() || (every > 0 && step % every == 0);
  }

  Status prepare() {
    plan_ = plan_steps(rows_, settings_.epochs, settings_.batch, settings_.max_steps, settings_.seed);
    if (plan_.empty()) {
      return Error{"there is nothing to train on", "Give a --dataset with at least one sample that fits --max_length"};
    }
    schedule_ = {settings_.schedule, settings_.learning_rate,
                 static_cast<std::int64_t>(std::llround(settings_.warm_up * static_cast<double>(steps()))), steps()};
    auto made = nn::Optimizer::make(model_.parameters(), settings_.optimizer);
    if (!made) {
      return made.error();
    }
    optimizer_.emplace(std::move(*made));
    if (!settings_.resume.empty()) {
      const auto resumed = Checkpoints::resume(settings_.resume, steps(), *optimizer_, scale_);
      if (!resumed) {
        return resumed.error();
      }
      first_ = *resumed;
    }
    if (settings_.step_in_backward) {
      if (auto can = can_step_in_backward(); !can) {
        return can;
      }
      optimizer_->step_in_backward();
    }
    return processes_.share(model_.parameters());
  }

  [[nodiscard]] Status can_step_in_backward() const {
    for (const auto &step : plan_) {
      if (step.rows.size() > 1) {
        return Error{"moving parameters within the backward pass wants one row a step, and a step here has " +
                         std::to_string(step.rows.size()),
                     "Use --per_device_train_batch_size 1 --gradient_accumulation_steps 1, or leave out "
                     "--galore_optim_per_parameter"};
      }
    }
    if (processes_.size() > 1 || settings_.loss_scaling) {
      return Error{"moving parameters within the backward pass works in one process and without scaling the loss",
                   "Leave out --galore_optim_per_parameter, or use one process and --torch_dtype bfloat16"};
    }
    return {};
  }

  // Makes the gradients of the mean loss over these rows' targets, of all processes together; fills in that loss. The
  // gradients are those of the loss times its scale.
  Status make_gradients(const PlannedStep &step, StepReport &report) {
    double weight = 0;
    for (const auto index : step.rows) {
      weight += weight_of(rows_[index]);
      report.tokens += static_cast<std::int64_t>(rows_[index].tokens.size());
      report.samples += static_cast<std::int64_t>(rows_[index].samples.size());
    }
    const auto ranks = shared_out(rows_, step, processes_.size());
    const auto scale = static_cast<double>(scale_.value());
    for (std::size_t i = 0; i < step.rows.size(); ++i) {
      if (ranks[i] != processes_.rank()) {
        continue;
      }
      const auto index = step.rows[i];
      nn::Pass pass;
      pass.training = true;
      // The same row of the same step has the same dropout, whether or not the run was broken off before.
      pass.dropout_seed = settings_.seed + static_cast<std::uint64_t>(report.step) * 1000003U + index;
      pass.embedding_noise = settings_.embedding_noise;
      const auto mean = model_.loss(rows_[index], pass).div(weight);
      nn::backward(scale == 1.0 ? mean : mean.mul(scale));
      report.loss += mean.item().toDouble();
    }
    if (auto summed = processes_.sum_gradients(model_.parameters()); !summed) {
      return summed;
    }
    return processes_.sum({&report.loss, 1});
  }

  Status step(const PlannedStep &planned, StepReport &report) {
    const auto started = Clock::now();
    report.learning_rate = static_cast<double>(schedule_.at(report.step - 1));
    report.loss_scale = static_cast<double>(scale_.value());
    const auto rate = static_cast<float>(report.learning_rate);
    if (settings_.step_in_backward) {
      optimizer_->begin_step(rate, settings_.clip);
    }
    try {
      if (auto made = make_gradients(planned, report); !made) {
        return made;
      }
      report.gradient_norm =
          settings_.step_in_backward ? optimizer_->end_step() : optimizer_->clip(settings_.clip, scale_.value());
      const bool moves = scale_.settle(std::isfinite(report.gradient_norm));
      if (!std::isfinite(report.loss) || (!moves && !(scale_.is_dynamic() && scale_.helps()))) {
        return diverged(report.step, settings_);
      }
      report.skipped = !moves;
      if (moves && !settings_.step_in_backward) {
        optimizer_->step(rate);
      }
      optimizer_->zero();
    } catch (const std::bad_alloc &failed) {
      return out_of_memory(report.step, failed.what());
    } catch (const c10::Error &failed) { // libtorch's allocator throws its own
      const std::string what = failed.what_without_backtrace();
      if (what.find("allocate memory") == std::string::npos && what.find("out of memory") == std::string::npos) {
        throw;
      }
      return out_of_memory(report.step, what.substr(0, what.find('\n')));
    }
    report.seconds = std::chrono::duration<double>(Clock::now() - started).count();
    return {};
  }

  Status measure(StepReport &report) {
    if (!due(report.step, settings_.evaluate_every) || validation_.empty()) {
      return {};
    }
    const auto loss = mean_loss(model_, validation_, processes_);
    if (!loss) {
      return loss.error();
    }
    report.validation_loss = result_.validation_loss = *loss;
    return {};
  }

  nn::Model &model_;
  const std::vector<pack::PackedRow> &rows_;
  const std::vector<pack::PackedRow> &validation_;
  const SftSettings &settings_;
  ProcessGroup alone_ = ProcessGroup::alone();
  ProcessGroup &processes_;
  Checkpoints checkpoints_;
  LossScale scale_;
  std::vector<PlannedStep> plan_;
  nn::Schedule schedule_;
  std::optional<nn::Optimizer> optimizer_;
  std::int64_t first_ = 0; // steps that a resumed run has behind it
  SftResult result_;
};

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
  return Run(model, rows, validation, settings).run(on_step);
}

} // namespace yanxing::train
