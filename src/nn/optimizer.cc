#include "nn/optimizer.h"

#include "nn/galore.h"
#include "nn/rounding.h"
#include "nn/safetensors.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

namespace yanxing::nn {

#define YANXING_DECLARE(name) OptimizerKind make_##name##_optimizer();
#include "optimizer_table.inc"
#undef YANXING_DECLARE

std::vector<OptimizerKind> all_optimizers() {
  return {
#define YANXING_ENTRY(name) make_##name##_optimizer(),
#include "optimizer_table.inc"
#undef YANXING_ENTRY
  };
}

Result<OptimizerKind> find_optimizer(std::string_view name) {
  std::string known;
  for (const auto &kind : all_optimizers()) {
    if (std::find(kind.names.begin(), kind.names.end(), name) != kind.names.end()) {
      return kind;
    }
    known += (known.empty() ? "" : ", ") + kind.names.front();
  }
  return Error{"the optimizer " + std::string(name) + " is not known", "Known are: " + known};
}

std::int64_t optimizer_state_bytes(const OptimizerKind &kind, const OptimizerConfig &config, const std::string &name,
                                   const std::vector<std::int64_t> &shape) {
  return config.galore && galore_takes(*config.galore, name, shape)
             ? galore_state_bytes(kind, *config.galore, name, shape)
             : kind.state_bytes(name, shape);
}

namespace {

double squares_of(const at::Tensor &gradient) {
  const auto whole = gradient.to(at::kFloat).contiguous();
  const float *g = whole.const_data_ptr<float>();
  return at::parallel_reduce(
      0, whole.numel(), kElementsAThread, 0.0,
      [g](std::int64_t from, std::int64_t to, double sum) {
        for (auto i = from; i < to; ++i) {
          sum += static_cast<double>(g[i]) * static_cast<double>(g[i]);
        }
        return sum;
      },
      [](double a, double b) { return a + b; });
}

// What gradients of this norm are multiplied with: free of the loss's scale, and no longer than the limit.
float factor_of(double norm, float limit, float loss_scale) {
  double factor = 1.0 / static_cast<double>(loss_scale);
  if (limit > 0 && norm > static_cast<double>(limit)) {
    factor *= static_cast<double>(limit) / (norm + 1e-6);
  }
  return static_cast<float>(factor);
}

// Biases and the weights of norms do not decay.
bool decays(const std::string &name) {
  return !name.ends_with(".bias") && name.find("norm.weight") == std::string::npos;
}

// FNV-1a: the same in every run, which std::hash need not be.
std::uint64_t hash_of(const std::string &name) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char letter : name) {
    hash = (hash ^ static_cast<std::uint8_t>(letter)) * 0x100000001B3ULL;
  }
  return hash;
}

std::span<const std::byte> bytes_in(const at::Tensor &tensor) {
  return {static_cast<const std::byte *>(tensor.const_data_ptr()), tensor.nbytes()};
}

} // namespace

struct Optimizer::State {
  std::vector<Parameter> parameters;
  std::vector<std::unique_ptr<UpdateRule>> rules; // one for each
  OptimizerConfig config;
  std::int64_t steps = 0;
  bool hooked = false; // a step is made in backward()
  float learning_rate = 0;
  float clip = 0;
  double squares = 0; // of the gradients that this step has met so far

  ~State() {
    for (const auto &parameter : parameters) {
      if (hooked) {
        torch::autograd::impl::set_post_acc_grad_hooks(parameter.tensor, nullptr);
      }
    }
  }

  void move(std::size_t k, float rate) const {
    const at::NoGradGuard no_gradient;
    const auto &name = parameters[k].name;
    const auto gradient = parameters[k].tensor.grad().to(at::kFloat).contiguous();
    const auto value = parameters[k].tensor.detach();
    const UpdateRule::Rates rates{rate * (name.ends_with(".lora_B") ? config.lora_b_rate : 1.0F),
                                  decays(name) ? config.weight_decay : 0.0F, steps};
    if (value.scalar_type() == at::kFloat) {
      rules[k]->step(value, gradient, rates);
      return;
    }
    const auto wide = value.to(at::kFloat);
    rules[k]->step(wide, gradient, rates);
    round_at_random(wide, value, config.seed + hash_of(name) + static_cast<std::uint64_t>(steps) * 1000003U);
  }

  // The parameter's gradient is whole: it moves, unless the gradient is no number any more.
  void arrive(std::size_t k) {
    auto &gradient = parameters[k].tensor.mutable_grad();
    const double own = squares_of(gradient);
    squares += own;
    if (std::isfinite(own)) {
      const float factor = factor_of(std::sqrt(own), clip, 1.0F);
      if (factor != 1.0F) {
        const at::NoGradGuard no_gradient;
        gradient.mul_(factor);
      }
      move(k, learning_rate);
    }
    gradient.reset();
  }
};

namespace {

struct Arrival : torch::autograd::PostAccumulateGradHook {
  explicit Arrival(std::function<void()> then) : then_(std::move(then)) {}
  void operator()(const torch::autograd::Variable & /*parameter*/) override { then_(); }

private:
  std::function<void()> then_;
};

} // namespace

Optimizer::Optimizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Optimizer::Optimizer(Optimizer &&) noexcept = default;
Optimizer &Optimizer::operator=(Optimizer &&) noexcept = default;
Optimizer::~Optimizer() = default;

Result<Optimizer> Optimizer::make(std::vector<Parameter> parameters, const OptimizerConfig &config) {
  const auto kind = find_optimizer(config.name);
  if (!kind) {
    return kind.error();
  }
  if (config.galore && !kind->projects) {
    return Error{"GaLore cannot be joined with " + config.name, "Use --optim adamw_torch, adamw_8bit or adafactor"};
  }
  if (config.galore && (config.galore->rank < 1 || config.galore->gap < 1)) {
    return Error{"GaLore's rank and gap must be at least 1", "Look at --galore_rank and --galore_update_proj_gap"};
  }
  const at::NoGradGuard no_gradient;
  auto state = std::make_unique<State>();
  bool projected = false;
  for (const auto &[name, tensor] : parameters) {
    const auto shape = tensor.sizes().vec();
    const bool takes = config.galore && galore_takes(*config.galore, name, shape);
    projected = projected || takes;
    state->rules.push_back(takes ? galore_rule(*kind, config, name, shape) : kind->rule(name, shape, config));
  }
  if (config.galore && !projected) {
    return Error{"GaLore has nothing to project: no trained matrix is larger than rank " +
                     std::to_string(config.galore->rank),
                 "Give --tuner_type full, a smaller --galore_rank, or other --galore_target_modules"};
  }
  state->parameters = std::move(parameters);
  state->config = config;
  return Optimizer(std::move(state));
}

float Optimizer::clip(float limit, float loss_scale) {
  double squares = 0;
  for (const auto &parameter : state_->parameters) {
    if (parameter.tensor.grad().defined()) {
      squares += squares_of(parameter.tensor.grad());
    }
  }
  const double norm = std::sqrt(squares) / static_cast<double>(loss_scale);
  const float factor = factor_of(norm, limit, loss_scale);
  if (std::isfinite(norm) && factor != 1.0F) {
    const at::NoGradGuard no_gradient;
    for (const auto &parameter : state_->parameters) {
      if (parameter.tensor.grad().defined()) {
        parameter.tensor.mutable_grad().mul_(factor);
      }
    }
  }
  return static_cast<float>(norm);
}

void Optimizer::step(float learning_rate) {
  ++state_->steps;
  for (std::size_t k = 0; k < state_->parameters.size(); ++k) {
    if (state_->parameters[k].tensor.grad().defined()) {
      state_->move(k, learning_rate);
    }
  }
}

void Optimizer::zero() {
  for (auto &parameter : state_->parameters) {
    parameter.tensor.mutable_grad().reset();
  }
}

void Optimizer::step_in_backward() {
  state_->hooked = true;
  for (std::size_t k = 0; k < state_->parameters.size(); ++k) {
    torch::autograd::impl::set_post_acc_grad_hooks(
        state_->parameters[k].tensor, std::make_unique<Arrival>([state = state_.get(), k] { state->arrive(k); }));
  }
}

void Optimizer::begin_step(float learning_rate, float clip) {
  ++state_->steps;
  state_->learning_rate = learning_rate;
  state_->clip = clip;
  state_->squares = 0;
}

float Optimizer::end_step() { return static_cast<float>(std::sqrt(state_->squares)); }

std::int64_t Optimizer::steps() const { return state_->steps; }

std::int64_t Optimizer::state_bytes() const {
  std::int64_t bytes = 0;
  for (const auto &rule : state_->rules) {
    for (const auto &[name, tensor] : rule->memory()) {
      bytes += static_cast<std::int64_t>(tensor.nbytes());
    }
  }
  return bytes;
}

Status Optimizer::save(const std::filesystem::path &file) const {
  std::vector<TensorToWrite> tensors;
  for (std::size_t k = 0; k < state_->parameters.size(); ++k) {
    for (const auto &[part, tensor] : state_->rules[k]->memory()) {
      tensors.push_back({state_->parameters[k].name + "." + part, tensor.scalar_type() == at::kFloat ? "F32" : "U8",
                         tensor.sizes().vec(), tensor.nbytes(), [tensor = tensor] { return bytes_in(tensor); }});
    }
  }
  return write_safetensors(file, tensors, {{"steps", std::to_string(state_->steps)}});
}

Status Optimizer::load(const std::filesystem::path &file) {
  const auto opened = open_safetensors(file);
  if (!opened) {
    return opened.error();
  }
  std::map<std::string, const StoredTensor *> by_name;
  for (const auto *list : {&opened->tensors, &opened->bytes}) {
    for (const auto &tensor : *list) {
      by_name[tensor.name] = &tensor;
    }
  }
  const auto misfit = [&file](const std::string &what) {
    return Error{file.string() + ": " + what, "Resume with the model and settings of the run that wrote it"};
  };
  std::int64_t steps = 0;
  const auto text = opened->metadata.find("steps");
  if (text == opened->metadata.end() ||
      std::from_chars(text->second.data(), text->second.data() + text->second.size(), steps).ec != std::errc() ||
      steps < 0) {
    return misfit("it does not say the number of steps");
  }
  for (const bool write : {false, true}) { // nothing changes unless all of it fits
    for (std::size_t k = 0; k < state_->parameters.size(); ++k) {
      for (const auto &[part, tensor] : state_->rules[k]->memory()) {
        const auto found = by_name.find(state_->parameters[k].name + "." + part);
        if (found == by_name.end() || found->second->bytes.size() != tensor.nbytes() ||
            found->second->shape != tensor.sizes().vec()) {
          return misfit("no fitting state of " + state_->config.name + " for " + state_->parameters[k].name);
        }
        if (write) {
          std::copy(found->second->bytes.begin(), found->second->bytes.end(),
                    static_cast<std::byte *>(tensor.mutable_data_ptr()));
        }
      }
    }
  }
  state_->steps = steps;
  return {};
}

} // namespace yanxing::nn
