// AdamW (arXiv:1711.05101) with fp32 moments.
#include "nn/optimizer.h"

#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

#include <cmath>

namespace yanxing::nn {
namespace {

class AdamW : public UpdateRule {
public:
  AdamW(const std::vector<std::int64_t> &shape, const OptimizerConfig &config)
      : mean_(at::zeros(shape, at::kFloat)), variance_(at::zeros(shape, at::kFloat)), beta1_(config.beta1),
        beta2_(config.beta2), epsilon_(config.epsilon) {}

  void step(const at::Tensor &value, const at::Tensor &gradient, const Rates &rates) override {
    const auto steps = static_cast<double>(rates.step);
    const double correction1 = 1.0 - std::pow(static_cast<double>(beta1_), steps);
    const double correction2 = 1.0 - std::pow(static_cast<double>(beta2_), steps);
    const auto rate = static_cast<float>(static_cast<double>(rates.learning_rate) / correction1);
    const auto root2 = static_cast<float>(std::sqrt(correction2));
    const float keep = 1.0F - rates.learning_rate * rates.weight_decay;
    const float beta1 = beta1_;
    const float beta2 = beta2_;
    const float epsilon = epsilon_;
    const float *g = gradient.const_data_ptr<float>();
    float *p = value.mutable_data_ptr<float>();
    float *m = mean_.mutable_data_ptr<float>();
    float *v = variance_.mutable_data_ptr<float>();
    at::parallel_for(0, value.numel(), kElementsAThread, [=](std::int64_t from, std::int64_t to) {
      for (auto i = from; i < to; ++i) {
        m[i] = beta1 * m[i] + (1.0F - beta1) * g[i];
        v[i] = beta2 * v[i] + (1.0F - beta2) * g[i] * g[i];
        p[i] = p[i] * keep - rate * m[i] / (std::sqrt(v[i]) / root2 + epsilon);
      }
    });
  }

  [[nodiscard]] Memory memory() const override { return {{"mean", mean_}, {"variance", variance_}}; }

private:
  at::Tensor mean_;     // of the gradients
  at::Tensor variance_; // of the gradients, uncentred
  float beta1_;
  float beta2_;
  float epsilon_;
};

} // namespace

OptimizerKind make_adamw_torch_optimizer() {
  return {{"adamw_torch", "adamw", "adamw_torch_fused", "adamw_hf"},
          "AdamW, moments in fp32",
          [](const std::string &, const std::vector<std::int64_t> &shape, const OptimizerConfig &config)
              -> std::unique_ptr<UpdateRule> { return std::make_unique<AdamW>(shape, config); },
          [](const std::string &, const std::vector<std::int64_t> &shape) { return 8 * count_of(shape); },
          true};
}

} // namespace yanxing::nn
