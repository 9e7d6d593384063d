// Uniform quantization in groups: w ≈ scale · (code − zero), with one scale and one zero for each output and each run
// of `group_size` inputs.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>

namespace yanxing::quant {

struct Grid {
  int bits = 4;
  std::int64_t group_size = 128;
  bool symmetric = false; // zero is the middle code
  [[nodiscard]] int top() const { return (1 << bits) - 1; }
};

struct QuantizedMatrix {
  Grid grid;
  at::Tensor codes;    // (out, in) uint8
  at::Tensor scales;   // (out, groups) fp32, but numbers that half precision has
  at::Tensor zeros;    // (out, groups) uint8
  at::Tensor group_of; // (in) int32, undefined: input i is of group i / group_size

  [[nodiscard]] at::Tensor dequantized() const; // (out, in) fp32
};

// Scale and zero that just hold the numbers of the last dimension, which becomes 1. Of `part` (…, n).
std::pair<at::Tensor, at::Tensor> fit(const at::Tensor &part, const Grid &grid);

// Rounding to nearest. weight: (out, in) fp32, `in` a multiple of the group size.
QuantizedMatrix round_to_nearest(const at::Tensor &weight, const Grid &grid);
// The same, straight to the rounded weight.
at::Tensor rounded(const at::Tensor &weight, const Grid &grid);

} // namespace yanxing::quant
