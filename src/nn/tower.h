// A tower sees or hears: it turns one picture or sound into hidden states that stand in the decoder's row instead of
// embeddings. Which towers a model has, its family says (family.h).
#pragma once

#include "nn/linear.h"
#include "nn/weight_reader.h"

#include "pack/media_input.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

namespace yanxing::nn {

using pack::MediaInput;

// ms-swift's three parts, which are frozen each by itself: the decoder (llm), the tower (vit), and what fits the
// tower's output to the decoder (aligner).
enum class Part { kDecoder, kTower, kAligner };

// (tokens, hidden of the decoder) each
struct Seen {
  at::Tensor tokens;
  std::vector<at::Tensor> levels; // added after the decoder's first layers (DeepStack); most towers have none
};

class Tower {
public:
  Tower() = default;
  virtual ~Tower() = default;
  Tower(const Tower &) = delete;
  Tower &operator=(const Tower &) = delete;

  [[nodiscard]] virtual MediaInput::Kind kind() const = 0;
  // Throws std::runtime_error where the input does not fit the tower.
  [[nodiscard]] virtual Seen encode(const MediaInput &input, const Pass &pass) const = 0;

  // Linear layers in order; with convolutions and tables for `whole`.
  virtual void for_each_linear(const std::function<void(Linear &, Part)> &visit, bool whole) = 0;
  virtual void for_each_norm(const std::function<void(Norm &, Part)> &visit) = 0;

  // Recompute each block in the backward pass. Called again whenever what is trained changes.
  void recompute_blocks(bool on) { recompute_ = on; }

protected:
  [[nodiscard]] bool recompute() const { return recompute_; }

private:
  bool recompute_ = false;
};

// input.values as a tensor: (rows, columns). Throws std::runtime_error where the count is another.
at::Tensor values_of(const MediaInput &input, std::int64_t rows, std::int64_t columns);

// Attention without causality within each run of `sizes` rows: q, k, v (tokens, heads, head_dim) → (tokens, heads ·
// head_dim). The sizes add up to the tokens.
at::Tensor attend_within(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
                         const std::vector<std::int64_t> &sizes, float scale);

// Two-dimensional rotary embedding: the first half of a head's pairs turns by `rows`, the second by `columns`.
// → cosines and sines (tokens, head_dim / 2).
struct Rotation;
Rotation plane_rotation(const std::vector<std::int64_t> &rows, const std::vector<std::int64_t> &columns,
                        std::int64_t head_dim, float theta);

// run(x), recomputed in the backward pass where `recompute` says so and gradients are on.
at::Tensor block(const at::Tensor &x, bool recompute, const std::function<at::Tensor(const at::Tensor &)> &run);

} // namespace yanxing::nn
