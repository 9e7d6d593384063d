// Lion (arXiv:2302.06675): the sign of a mix of momentum and gradient. Its steps are larger than AdamW's: a third to a
// tenth of the learning rate, and as many times the decay.
#include "nn/optimizer.h"

#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

namespace yanxing::nn {
namespace {

class Lion : public UpdateRule {
public:
  Lion(const std::vector<std::int64_t> &shape, const OptimizerConfig &config)
      : momentum_(at::zeros(shape, at::kFloat)), beta1_(config.beta1), beta2_(config.beta2) {}

  void step(const at::Tensor &value, const at::Tensor &gradient, const Rates &rates) override {
    const float keep = 1.0F - rates.learning_rate * rates.weight_decay;
    const float rate = rates.learning_rate;
    const float beta1 = beta1_;
    const float beta2 = beta2_;
    const float *g = gradient.const_data_ptr<float>();
    float *p = value.mutable_data_ptr<float>();
    float *m = momentum_.mutable_data_ptr<float>();
    at::parallel_for(0, value.numel(), kElementsAThread, [=](std::int64_t from, std::int64_t to) {
      for (auto i = from; i < to; ++i) {
        const float mix = beta1 * m[i] + (1.0F - beta1) * g[i];
        p[i] = p[i] * keep - (mix > 0 ? rate : mix < 0 ? -rate : 0.0F);
        m[i] = beta2 * m[i] + (1.0F - beta2) * g[i];
      }
    });
  }

  [[nodiscard]] Memory memory() const override { return {{"momentum", momentum_}}; }

private:
  at::Tensor momentum_;
  float beta1_;
  float beta2_;
};

} // namespace

OptimizerKind make_lion_optimizer() {
  return {{"lion", "lion_32bit"},
          "Lion: the sign of momentum and gradient",
          [](const std::string &, const std::vector<std::int64_t> &shape, const OptimizerConfig &config)
              -> std::unique_ptr<UpdateRule> { return std::make_unique<Lion>(shape, config); },
          [](const std::string &, const std::vector<std::int64_t> &shape) { return 4 * count_of(shape); },
          true};
}

} // namespace yanxing::nn
