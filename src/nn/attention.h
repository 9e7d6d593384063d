// Attention within a packed row, without padding: each segment attends its ancestors and, up to each token, itself.
#pragma once

#include "nn/packed_row.h"

#include <ATen/core/Tensor.h>

#include <vector>

namespace yanxing::nn {

struct AttentionShape {
  float scale = 1.0F;
  float softcap = 0.0F;    // 0: none; else scores become softcap · tanh(score / softcap)
  std::int64_t window = 0; // a token sees this many positions, its own included; 0: all
};

// k, v: (tokens, kv_heads, head_dim); q: (tokens, heads, head_dim) → (tokens, heads · head_dim). With `places`, indices
// of tokens in rising order, q and the result have only these tokens' rows.
at::Tensor attend(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const PackedRow &row,
                  const AttentionShape &shape, const std::vector<std::int64_t> *places = nullptr);

} // namespace yanxing::nn
