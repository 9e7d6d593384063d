#include "quant/packing.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>

#include <cstdint>

namespace yanxing::quant {
namespace {

// codes (rows, columns) → (rows, columns / n) words; `order[i]` is which of a word's n columns comes i-th.
at::Tensor words_of(const at::Tensor &codes, int bits, const std::vector<std::int64_t> &order) {
  const auto per_word = static_cast<std::int64_t>(order.size());
  const auto parts = codes.to(at::kLong).reshape({codes.size(0), -1, per_word}); // (rows, words, n)
  auto words = at::zeros({codes.size(0), codes.size(1) / per_word}, at::kLong);
  for (std::int64_t i = 0; i < per_word; ++i) {
    words.add_(parts.select(2, order[static_cast<std::size_t>(i)]).mul(std::int64_t{1} << (bits * i)));
  }
  return words.to(at::kInt).contiguous(); // the upper half of 32 bits becomes negative numbers
}

std::vector<std::int64_t> in_order(int bits) {
  std::vector<std::int64_t> order;
  for (int i = 0; i < 32 / bits; ++i) {
    order.push_back(i);
  }
  return order;
}

at::Tensor scales_of(const QuantizedMatrix &matrix) { return matrix.scales.t().to(at::kHalf).contiguous(); }

} // namespace

NamedTensors pack_awq(const QuantizedMatrix &matrix) {
  const std::vector<std::int64_t> order = {0, 2, 4, 6, 1, 3, 5, 7};
  return {{"qweight", words_of(matrix.codes.t(), matrix.grid.bits, order)},
          {"qzeros", words_of(matrix.zeros.t(), matrix.grid.bits, order)},
          {"scales", scales_of(matrix)}};
}

NamedTensors pack_gptq(const QuantizedMatrix &matrix) {
  const auto order = in_order(matrix.grid.bits);
  // A zero of 0 less one wraps to the top code, as AutoGPTQ's own words do.
  const auto zeros = matrix.zeros.to(at::kLong).sub(1).bitwise_and(matrix.grid.top());
  auto groups = matrix.group_of;
  if (!groups.defined()) {
    groups = at::arange(matrix.codes.size(1), at::kInt).floor_divide(matrix.grid.group_size).to(at::kInt);
  }
  return {{"qweight", words_of(matrix.codes, matrix.grid.bits, order).t().contiguous()},
          {"qzeros", words_of(zeros.t(), matrix.grid.bits, order)},
          {"scales", scales_of(matrix)},
          {"g_idx", groups.contiguous()}};
}

} // namespace yanxing::quant
