// Muon (Keller Jordan 2024): a matrix's momentum is made orthogonal, all its singular values about one, by five steps
// of a Newton-Schulz iteration; scaled as in arXiv:2502.16982 so that its steps are as large as AdamW's and learning
// rates carry over. Embedding, head and what is no matrix take AdamW.
#include "nn/optimizer.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

namespace yanxing::nn {

OptimizerKind make_adamw_torch_optimizer();

namespace {

constexpr int kIterations = 5;
constexpr double kFirst = 3.4445; // of X ← a·X + (b·XXᵀ + c·(XXᵀ)²)·X
constexpr double kThird = -4.7750;
constexpr double kFifth = 2.0315;
constexpr double kSmallest = 1e-7;
constexpr double kSizeOfAdam = 0.2; // root mean square of AdamW's steps

// U·Vᵀ of x = U·S·Vᵀ, roughly: its singular values come to lie between 0.7 and 1.2.
at::Tensor orthogonal(const at::Tensor &matrix) {
  const bool tall = matrix.size(0) > matrix.size(1);
  at::Tensor x = tall ? matrix.t().contiguous() : matrix; // (rows ≤ columns)
  x = x.div(std::max(std::sqrt(x.square().sum().item().toDouble()), kSmallest));
  for (int i = 0; i < kIterations; ++i) {
    const auto gram = x.mm(x.t()); // (rows, rows)
    x = at::addmm(x, at::addmm(gram, gram, gram, kThird, kFifth), x, kFirst);
  }
  return tall ? x.t() : x;
}

class Muon : public UpdateRule {
public:
  Muon(const std::vector<std::int64_t> &shape, const OptimizerConfig &config)
      : momentum_(at::zeros(shape, at::kFloat)), keep_(static_cast<double>(config.momentum)) {}

  void step(const at::Tensor &value, const at::Tensor &gradient, const Rates &rates) override {
    momentum_.mul_(keep_).add_(gradient, 1.0 - keep_);
    const auto ahead = gradient.mul(1.0 - keep_).add_(momentum_, keep_); // Nesterov's
    const auto longest = static_cast<double>(std::max(value.size(0), value.size(1)));
    value.mul_(1.0 - static_cast<double>(rates.learning_rate * rates.weight_decay))
        .sub_(orthogonal(ahead), static_cast<double>(rates.learning_rate) * kSizeOfAdam * std::sqrt(longest));
  }

  [[nodiscard]] Memory memory() const override { return {{"momentum", momentum_}}; }

private:
  at::Tensor momentum_;
  double keep_;
};

bool takes(const std::string &name, const std::vector<std::int64_t> &shape) {
  return shape.size() == 2 && name != "model.embed_tokens.weight" && name != "lm_head.weight";
}

} // namespace

OptimizerKind make_muon_optimizer() {
  return {{"muon"},
          "Muon for matrices, AdamW for the rest",
          [](const std::string &name, const std::vector<std::int64_t> &shape,
             const OptimizerConfig &config) -> std::unique_ptr<UpdateRule> {
            if (!takes(name, shape)) {
              return make_adamw_torch_optimizer().rule(name, shape, config);
            }
            return std::make_unique<Muon>(shape, config);
          },
          [](const std::string &name, const std::vector<std::int64_t> &shape) {
            return (takes(name, shape) ? 4 : 8) * count_of(shape);
          },
          false};
}

} // namespace yanxing::nn
