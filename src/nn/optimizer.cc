#include "nn/optimizer.h"

#include "nn/safetensors.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numbers>

namespace yanxing::nn {
namespace {

constexpr std::int64_t kGrain = 1 << 14;

float *floats(const at::Tensor &tensor) { return tensor.mutable_data_ptr<float>(); }

std::size_t bytes_of(const at::Tensor &tensor) { return static_cast<std::size_t>(tensor.numel()) * sizeof(float); }

} // namespace

AdamW::AdamW(std::vector<Parameter> parameters, const AdamWConfig &config)
    : parameters_(std::move(parameters)), config_(config) {
  const at::NoGradGuard no_gradient;
  for (const auto &parameter : parameters_) {
    means_.push_back(at::zeros_like(parameter.tensor));
    variances_.push_back(at::zeros_like(parameter.tensor));
  }
}

float AdamW::clip(float limit) {
  double squares = 0;
  for (const auto &parameter : parameters_) {
    const auto &gradient = parameter.tensor.grad();
    if (!gradient.defined()) {
      continue;
    }
    const float *g = gradient.const_data_ptr<float>();
    squares += at::parallel_reduce(
        0, gradient.numel(), kGrain, 0.0,
        [g](std::int64_t from, std::int64_t to, double sum) {
          for (auto i = from; i < to; ++i) {
            sum += static_cast<double>(g[i]) * static_cast<double>(g[i]);
          }
          return sum;
        },
        [](double a, double b) { return a + b; });
  }
  const double norm = std::sqrt(squares);
  if (limit > 0 && std::isfinite(norm) && norm > static_cast<double>(limit)) {
    const auto scale = static_cast<float>(static_cast<double>(limit) / (norm + 1e-6));
    for (const auto &parameter : parameters_) {
      if (parameter.tensor.grad().defined()) {
        parameter.tensor.mutable_grad().mul_(scale);
      }
    }
  }
  return static_cast<float>(norm);
}

void AdamW::step(float learning_rate) {
  ++steps_;
  const double correction1 = 1.0 - std::pow(static_cast<double>(config_.beta1), static_cast<double>(steps_));
  const double correction2 = 1.0 - std::pow(static_cast<double>(config_.beta2), static_cast<double>(steps_));
  const auto rate = static_cast<float>(static_cast<double>(learning_rate) / correction1);
  const auto root2 = static_cast<float>(std::sqrt(correction2));
  const float keep = 1.0F - learning_rate * config_.weight_decay;
  const float beta1 = config_.beta1;
  const float beta2 = config_.beta2;
  const float epsilon = config_.epsilon;
  for (std::size_t k = 0; k < parameters_.size(); ++k) {
    const auto &gradient = parameters_[k].tensor.grad();
    if (!gradient.defined()) {
      continue;
    }
    const auto whole = gradient.contiguous();
    const float *g = whole.const_data_ptr<float>();
    float *p = floats(parameters_[k].tensor);
    float *m = floats(means_[k]);
    float *v = floats(variances_[k]);
    at::parallel_for(0, whole.numel(), kGrain, [=](std::int64_t from, std::int64_t to) {
      for (auto i = from; i < to; ++i) {
        m[i] = beta1 * m[i] + (1.0F - beta1) * g[i];
        v[i] = beta2 * v[i] + (1.0F - beta2) * g[i] * g[i];
        p[i] = p[i] * keep - rate * m[i] / (std::sqrt(v[i]) / root2 + epsilon);
      }
    });
  }
}

void AdamW::zero() {
  for (auto &parameter : parameters_) {
    parameter.tensor.mutable_grad().reset();
  }
}

Status AdamW::save(const std::filesystem::path &file) const {
  std::vector<TensorToWrite> tensors;
  const auto add = [&tensors](const std::string &name, const at::Tensor &tensor) {
    const auto size = bytes_of(tensor);
    tensors.push_back({name, "F32", tensor.sizes().vec(), size, [tensor, size] {
                         return std::span(reinterpret_cast<const std::byte *>(tensor.const_data_ptr<float>()), size);
                       }});
  };
  for (std::size_t k = 0; k < parameters_.size(); ++k) {
    add(parameters_[k].name + ".mean", means_[k]);
    add(parameters_[k].name + ".variance", variances_[k]);
  }
  return write_safetensors(file, tensors, {{"steps", std::to_string(steps_)}});
}

Status AdamW::load(const std::filesystem::path &file) {
  auto opened = open_safetensors(file);
  if (!opened) {
    return opened.error();
  }
  std::map<std::string, const StoredTensor *> by_name;
  for (const auto &tensor : opened->tensors) {
    by_name[tensor.name] = &tensor;
  }
  const auto misfit = [&file](const std::string &what) {
    return Error{file.string() + ": " + what, "Resume with the model and settings of the run that wrote it"};
  };
  std::int64_t steps = 0;
  const auto &text = opened->metadata["steps"];
  if (std::from_chars(text.data(), text.data() + text.size(), steps).ec != std::errc() || steps < 0) {
    return misfit("it does not say the number of steps");
  }
  for (const bool write : {false, true}) { // nothing changes unless all of it fits
    for (std::size_t k = 0; k < parameters_.size(); ++k) {
      for (const auto &[ending, tensor] : {std::pair{".mean", means_[k]}, std::pair{".variance", variances_[k]}}) {
        const auto found = by_name.find(parameters_[k].name + ending);
        if (found == by_name.end() || found->second->bytes.size() != bytes_of(tensor) ||
            found->second->count() != tensor.numel()) {
          return misfit("no fitting state for " + parameters_[k].name);
        }
        if (write) {
          to_floats(found->second->format, found->second->bytes,
                    {floats(tensor), static_cast<std::size_t>(tensor.numel())});
        }
      }
    }
  }
  steps_ = steps;
  return {};
}

float Schedule::at(std::int64_t step) const {
  if (step < warm_up) {
    return peak * static_cast<float>(step + 1) / static_cast<float>(warm_up + 1);
  }
  const auto left = static_cast<double>(std::max<std::int64_t>(total - warm_up, 1));
  const double done = std::clamp(static_cast<double>(step - warm_up) / left, 0.0, 1.0);
  switch (shape) {
  case Shape::kConstant:
    return peak;
  case Shape::kLinear:
    return peak * static_cast<float>(1.0 - done);
  case Shape::kCosine:
    return peak * static_cast<float>(0.5 * (1.0 + std::cos(std::numbers::pi * done)));
  }
  return peak;
}

Result<Schedule::Shape> Schedule::shape_of(std::string_view name) {
  static constexpr std::string_view kEnding = "_with_warmup";
  auto stem = name;
  if (stem.ends_with(kEnding)) {
    stem.remove_suffix(kEnding.size());
  }
  if (stem == "constant") {
    return Shape::kConstant;
  }
  if (stem == "linear") {
    return Shape::kLinear;
  }
  if (stem == "cosine") {
    return Shape::kCosine;
  }
  return Error{"the schedule " + std::string(name) + " is not known", "Known are: constant, linear, cosine"};
}

} // namespace yanxing::nn
