#include "train/stepper.h"

#include <c10/util/Exception.h>

#include <chrono>
#include <cmath>
#include <new>

namespace yanxing::train {
namespace {

using Clock = std::chrono::steady_clock;

Error diverged(std::int64_t step, const RunSettings &settings) {
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

} // namespace

Stepper::Stepper(nn::Model &model, const RunSettings &settings)
    : model_(model), settings_(settings), processes_(settings.processes != nullptr ? *settings.processes : alone_),
      checkpoints_(settings.output, settings.keep),
      scale_(settings.loss_scaling ? LossScale::dynamic() : LossScale::fixed()) {}

Status Stepper::begin(std::int64_t steps) {
  steps_ = steps;
  schedule_ = {settings_.schedule, settings_.learning_rate,
               static_cast<std::int64_t>(std::llround(settings_.warm_up * static_cast<double>(steps))), steps};
  auto made = nn::Optimizer::make(model_.parameters(), settings_.optimizer);
  if (!made) {
    return made.error();
  }
  optimizer_.emplace(std::move(*made));
  if (!settings_.resume.empty()) {
    const auto resumed = Checkpoints::resume(settings_.resume, steps, *optimizer_, scale_);
    if (!resumed) {
      return resumed.error();
    }
    first_ = *resumed;
  }
  if (settings_.step_in_backward) {
    if (processes_.size() > 1 || settings_.loss_scaling) {
      return Error{"moving parameters within the backward pass works in one process and without scaling the loss",
                   "Leave out --galore_optim_per_parameter, or use one process and --torch_dtype bfloat16"};
    }
    optimizer_->step_in_backward();
  }
  return processes_.share(model_.parameters());
}

Status Stepper::make_step(StepReport &report, const std::function<Status(double scale)> &make_gradients) {
  report.learning_rate = static_cast<double>(schedule_.at(report.step - 1));
  report.loss_scale = static_cast<double>(scale_.value());
  const auto rate = static_cast<float>(report.learning_rate);
  if (settings_.step_in_backward) {
    optimizer_->begin_step(rate, settings_.clip);
  }
  if (auto made = make_gradients(static_cast<double>(scale_.value())); !made) {
    return made;
  }
  if (auto summed = processes_.sum_gradients(model_.parameters()); !summed) {
    return summed;
  }
  if (auto summed = processes_.sum({&report.loss, 1}); !summed) {
    return summed;
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
  return {};
}

Status Stepper::step(StepReport &report, const std::function<Status(double scale)> &make_gradients) {
  const auto started = Clock::now();
  try {
    if (auto made = make_step(report, make_gradients); !made) {
      return made;
    }
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

Result<std::filesystem::path> Stepper::save_where_due(std::int64_t step, bool stop) {
  if ((!is_due(step, settings_.save_every) && !stop) || !processes_.leads()) {
    return std::filesystem::path();
  }
  return checkpoints_.save(step, steps_, model_, settings_.base_model_name, *optimizer_, scale_);
}

} // namespace yanxing::train
