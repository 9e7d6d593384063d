// Adafactor (arXiv:1804.04235) as transformers' trainer uses it: the rate is given, no first moment. A matrix's second
// moment is kept as its rows' and columns' means, so that the state of (n, m) is n + m numbers.
#include "nn/optimizer.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

namespace yanxing::nn {
namespace {

constexpr double kFloor = 1e-30; // added to squared gradients
constexpr double kClip = 1.0;    // largest root mean square of a step before the rate
constexpr double kDecay = -0.8;  // the moment's memory grows as 1 − step^−0.8

class Adafactor : public UpdateRule {
public:
  explicit Adafactor(const std::vector<std::int64_t> &shape) : factored_(shape.size() == 2) {
    if (factored_) {
      rows_ = at::zeros({shape[0]}, at::kFloat);
      columns_ = at::zeros({shape[1]}, at::kFloat);
    } else {
      squares_ = at::zeros(shape, at::kFloat);
    }
  }

  void step(const at::Tensor &value, const at::Tensor &gradient, const Rates &rates) override {
    const double keep = 1.0 - std::pow(static_cast<double>(rates.step), kDecay);
    at::Tensor update = gradient.square().add_(kFloor);
    if (factored_) {
      rows_.mul_(keep).add_(update.mean(1), 1.0 - keep);
      columns_.mul_(keep).add_(update.mean(0), 1.0 - keep);
      const auto by_row = rows_.div(rows_.mean()).rsqrt_().unsqueeze(1); // (rows, 1)
      const auto by_column = columns_.rsqrt().unsqueeze(0);              // (1, columns)
      update.copy_(gradient).mul_(by_row).mul_(by_column);
    } else {
      squares_.mul_(keep).add_(update, 1.0 - keep);
      update = squares_.rsqrt().mul_(gradient);
    }
    const double size = std::sqrt(update.square().mean().item().toDouble());
    const double rate = static_cast<double>(rates.learning_rate) / std::max(1.0, size / kClip);
    value.mul_(1.0 - static_cast<double>(rates.learning_rate * rates.weight_decay)).sub_(update, rate);
  }

  [[nodiscard]] Memory memory() const override {
    return factored_ ? Memory{{"rows", rows_}, {"columns", columns_}} : Memory{{"variance", squares_}};
  }

private:
  bool factored_;
  at::Tensor rows_;    // (rows): means of the squared gradients
  at::Tensor columns_; // (columns)
  at::Tensor squares_; // where it is no matrix
};

} // namespace

OptimizerKind make_adafactor_optimizer() {
  return {{"adafactor"},
          "Adafactor: a matrix's second moment as rows' and columns' means",
          [](const std::string &, const std::vector<std::int64_t> &shape,
             const OptimizerConfig &) -> std::unique_ptr<UpdateRule> { return std::make_unique<Adafactor>(shape); },
          [](const std::string &, const std::vector<std::int64_t> &shape) {
            return 4 * (shape.size() == 2 ? shape[0] + shape[1] : count_of(shape));
          },
          true};
}

} // namespace yanxing::nn
