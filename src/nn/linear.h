// Linear layers y = x·Wᵀ + b, with an adapter beside the frozen weight or with the weight itself trained.
#pragma once

#include "nn/matrix.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace yanxing::nn {

// Low-rank adapter (arXiv:2106.09685): y += scale · dropout(x)·Aᵀ·Bᵀ. With a magnitude it is DoRA (arXiv:2402.09353):
// y = magnitude / ‖W + scale·B·A‖ ⊙ (x·Wᵀ + …) + b, the norm over each output's row and held constant in the gradient.
struct Lora {
  at::Tensor a;         // (rank, in)
  at::Tensor b;         // (out, rank)
  at::Tensor magnitude; // (out), undefined without DoRA
  float scale = 1.0F;
  float dropout = 0.0F;
};

struct Linear {
  std::string name; // "model.layers.0.self_attn.q_proj"
  Matrix weight;    // (out, in)
  // (out, in), fp32 or half precision: defined where the weight itself is trained; then `weight` is empty.
  at::Tensor trained;
  at::Tensor bias; // (out), may be undefined
  std::optional<Lora> lora;
  std::vector<std::int64_t> file_shape; // where the file's tensor is no matrix (a convolution's kernel); else empty

  [[nodiscard]] std::int64_t in() const { return trained.defined() ? trained.size(1) : weight.columns(); }
  [[nodiscard]] std::int64_t out() const { return trained.defined() ? trained.size(0) : weight.rows(); }
  // Calls `use` with consecutive rows of the weight as fp32, and where they begin; no gradient.
  void for_parts(const std::function<void(std::int64_t begin, const at::Tensor &part)> &use) const;
  // The weight with the adapter folded in: (out, in) fp32, no gradient.
  [[nodiscard]] at::Tensor merged() const;
};

// What a forward pass is for.
struct Pass {
  bool training = false;          // dropout on
  bool adapter = true;            // false: the base model alone, as the reference of preference learning
  std::uint64_t dropout_seed = 0; // the same seed gives the same masks, so a resumed run repeats itself
  float embedding_noise = 0;      // α of NEFTune (arXiv:2310.05914), while training
  // How what the backward pass needs is kept meanwhile; everything is computed in fp32.
  at::ScalarType kept = at::kFloat;
};

// Several layers on the same input (tokens, in) → one output (tokens, out) each. Together they keep one copy of the
// input and add up its gradient in one place. The layers must outlive the graph.
std::vector<at::Tensor> apply(const at::Tensor &x, std::span<const Linear *const> layers, const Pass &pass);
at::Tensor apply(const at::Tensor &x, const Linear &layer, const Pass &pass);

} // namespace yanxing::nn
