// AdamW whose moments are kept in eight bits (arXiv:2110.02861): blocks of 256 numbers share a scale, their largest
// magnitude, and each number is the nearest of a table that is dense near zero. A step is made in fp32 from what the
// codes stand for; only what is remembered is rounded. Small tensors keep fp32 moments, as bitsandbytes does.
#include "nn/dynamic_code.h"
#include "nn/optimizer.h"

#include <ATen/Parallel.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace yanxing::nn {

OptimizerKind make_adamw_torch_optimizer();

namespace {

constexpr std::int64_t kBlock = 256;
constexpr std::int64_t kSmall = 4096;

std::int64_t blocks_of(std::int64_t count) { return (count + kBlock - 1) / kBlock; }

// Numbers of one block in fp32, and where their codes are.
struct Moment {
  const DynamicCode *code;
  std::uint8_t *codes;
  float *scales; // one a block

  void read(std::int64_t block, std::int64_t size, std::array<float, kBlock> &out) const {
    const std::uint8_t *own = codes + block * kBlock;
    for (std::int64_t i = 0; i < size; ++i) {
      out[static_cast<std::size_t>(i)] = code->values[own[i]] * scales[block];
    }
  }
  void write(std::int64_t block, std::int64_t size, const std::array<float, kBlock> &in) const {
    float largest = 0;
    for (std::int64_t i = 0; i < size; ++i) {
      largest = std::max(largest, std::abs(in[static_cast<std::size_t>(i)]));
    }
    scales[block] = largest;
    const float inverse = largest > 0 ? 1.0F / largest : 0.0F;
    std::uint8_t *own = codes + block * kBlock;
    for (std::int64_t i = 0; i < size; ++i) {
      own[i] = code->nearest(in[static_cast<std::size_t>(i)] * inverse);
    }
  }
};

class AdamW8Bit : public UpdateRule {
public:
  AdamW8Bit(const std::vector<std::int64_t> &shape, const OptimizerConfig &config)
      : mean_(at::full(shape, DynamicCode::with_sign().nearest(0), at::kByte)), variance_(at::zeros(shape, at::kByte)),
        mean_scales_(at::zeros({blocks_of(mean_.numel())}, at::kFloat)),
        variance_scales_(at::zeros({blocks_of(mean_.numel())}, at::kFloat)), beta1_(config.beta1), beta2_(config.beta2),
        epsilon_(config.epsilon) {}

  void step(const at::Tensor &value, const at::Tensor &gradient, const Rates &rates) override {
    const auto steps = static_cast<double>(rates.step);
    const double correction1 = 1.0 - std::pow(static_cast<double>(beta1_), steps);
    const double correction2 = 1.0 - std::pow(static_cast<double>(beta2_), steps);
    const auto rate = static_cast<float>(static_cast<double>(rates.learning_rate) / correction1);
    const auto root2 = static_cast<float>(std::sqrt(correction2));
    const float keep = 1.0F - rates.learning_rate * rates.weight_decay;
    const Moment mean{&DynamicCode::with_sign(), mean_.mutable_data_ptr<std::uint8_t>(),
                      mean_scales_.mutable_data_ptr<float>()};
    const Moment variance{&DynamicCode::without_sign(), variance_.mutable_data_ptr<std::uint8_t>(),
                          variance_scales_.mutable_data_ptr<float>()};
    const float *gradients = gradient.const_data_ptr<float>();
    float *values = value.mutable_data_ptr<float>();
    const auto count = value.numel();
    at::parallel_for(0, blocks_of(count), kElementsAThread / kBlock, [&](std::int64_t from, std::int64_t to) {
      std::array<float, kBlock> m{};
      std::array<float, kBlock> v{};
      for (auto block = from; block < to; ++block) {
        const auto size = std::min(kBlock, count - block * kBlock);
        mean.read(block, size, m);
        variance.read(block, size, v);
        const float *g = gradients + block * kBlock;
        float *p = values + block * kBlock;
        for (std::int64_t i = 0; i < size; ++i) {
          const auto k = static_cast<std::size_t>(i);
          m[k] = beta1_ * m[k] + (1.0F - beta1_) * g[i];
          v[k] = beta2_ * v[k] + (1.0F - beta2_) * g[i] * g[i];
          p[i] = p[i] * keep - rate * m[k] / (std::sqrt(v[k]) / root2 + epsilon_);
        }
        mean.write(block, size, m);
        variance.write(block, size, v);
      }
    });
  }

  [[nodiscard]] Memory memory() const override {
    return {
        {"mean", mean_}, {"mean_scale", mean_scales_}, {"variance", variance_}, {"variance_scale", variance_scales_}};
  }

private:
  at::Tensor mean_;     // codes
  at::Tensor variance_; // codes
  at::Tensor mean_scales_;
  at::Tensor variance_scales_;
  float beta1_;
  float beta2_;
  float epsilon_;
};

} // namespace

OptimizerKind make_adamw_8bit_optimizer() {
  return {{"adamw_8bit", "adamw_bnb_8bit", "paged_adamw_8bit"},
          "AdamW, moments in 8 bits, blocks of 256",
          [](const std::string &name, const std::vector<std::int64_t> &shape,
             const OptimizerConfig &config) -> std::unique_ptr<UpdateRule> {
            if (count_of(shape) < kSmall) {
              return make_adamw_torch_optimizer().rule(name, shape, config);
            }
            return std::make_unique<AdamW8Bit>(shape, config);
          },
          [](const std::string &, const std::vector<std::int64_t> &shape) {
            const auto count = count_of(shape);
            return count < kSmall ? 8 * count : 2 * (count + 4 * blocks_of(count));
          },
          true};
}

} // namespace yanxing::nn
