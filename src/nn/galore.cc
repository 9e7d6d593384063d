#include "nn/galore.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>

namespace yanxing::nn {
namespace {

// The leading `rank` directions of the matrix's smaller side: (smaller, rank). Singular vectors are the eigenvectors of
// the small Gram matrix, which costs a fraction of the whole decomposition; in double, since squaring halves the
// digits. Each is turned so that its largest number is positive: otherwise the sign would be the library's whim, and
// what the optimizer remembers would point the wrong way after a new projection.
at::Tensor leading_directions(const at::Tensor &gradient, std::int64_t rank) {
  const auto wide = gradient.to(at::kDouble);
  const auto gram = wide.size(0) >= wide.size(1) ? wide.t().mm(wide) : wide.mm(wide.t());
  const auto vectors = std::get<1>(at::linalg_eigh(gram)); // columns, eigenvalues rising
  const auto chosen = vectors.narrow(1, vectors.size(1) - rank, rank).flip(1);
  const auto highest = chosen.amax(0, true);
  const auto lowest = chosen.amin(0, true);
  const auto sign = highest.ge(lowest.neg()).to(at::kDouble).mul(2).sub(1); // (1, rank)
  return chosen.mul(sign).to(at::kFloat).contiguous();
}

class Galore : public UpdateRule {
public:
  Galore(std::unique_ptr<UpdateRule> inner, const std::vector<std::int64_t> &shape, const GaloreConfig &config)
      : inner_(std::move(inner)), config_(config), tall_(shape[0] >= shape[1]),
        projection_(at::zeros({std::min(shape[0], shape[1]), config.rank}, at::kFloat)) {}

  void step(const at::Tensor &value, const at::Tensor &gradient, const Rates &rates) override {
    if ((rates.step - 1) % config_.gap == 0) {
      projection_.copy_(leading_directions(gradient, config_.rank));
    }
    // tall: (n, rank); wide: (rank, m)
    const auto low = tall_ ? gradient.mm(projection_) : projection_.t().mm(gradient);
    auto moved = at::zeros_like(low);
    inner_->step(moved, low, {rates.learning_rate, 0, rates.step});
    value.mul_(1.0 - static_cast<double>(rates.learning_rate * rates.weight_decay));
    const auto scale = static_cast<double>(config_.scale);
    if (tall_) {
      value.addmm_(moved, projection_.t(), 1.0, scale);
    } else {
      value.addmm_(projection_, moved, 1.0, scale);
    }
  }

  [[nodiscard]] Memory memory() const override {
    auto all = inner_->memory();
    all.emplace_back("projection", projection_);
    return all;
  }

private:
  std::unique_ptr<UpdateRule> inner_;
  GaloreConfig config_;
  bool tall_;
  at::Tensor projection_; // (smaller side, rank)
};

std::vector<std::int64_t> low_shape(const std::vector<std::int64_t> &shape, std::int64_t rank) {
  return shape[0] >= shape[1] ? std::vector{shape[0], rank} : std::vector{rank, shape[1]};
}

} // namespace

bool galore_takes(const GaloreConfig &config, const std::string &name, const std::vector<std::int64_t> &shape) {
  if (shape.size() != 2 || std::min(shape[0], shape[1]) <= config.rank) {
    return false;
  }
  if (name == "model.embed_tokens.weight" || name == "lm_head.weight") {
    return config.with_embedding;
  }
  return config.targets.empty() ||
         std::any_of(config.targets.begin(), config.targets.end(), [&](const std::string &target) {
           return target == "all-linear" || name.ends_with(target + ".weight");
         });
}

std::unique_ptr<UpdateRule> galore_rule(const OptimizerKind &kind, const OptimizerConfig &config,
                                        const std::string &name, const std::vector<std::int64_t> &shape) {
  return std::make_unique<Galore>(kind.rule(name, low_shape(shape, config.galore->rank), config), shape,
                                  *config.galore);
}

std::int64_t galore_state_bytes(const OptimizerKind &kind, const GaloreConfig &config, const std::string &name,
                                const std::vector<std::int64_t> &shape) {
  return kind.state_bytes(name, low_shape(shape, config.rank)) + 4 * std::min(shape[0], shape[1]) * config.rank;
}

} // namespace yanxing::nn
