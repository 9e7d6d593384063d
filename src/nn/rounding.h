// Halves of floats. No torch here but its types' names.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace yanxing::nn {

// Writes fp32 `from` into `to` (bfloat16 or float16), up or down at random so that the mean is right
// (arXiv:1502.02551): a weight then moves even where each step is below half a unit. The same seed rounds the same way.
void round_at_random(const at::Tensor &from, const at::Tensor &to, std::uint64_t seed);

// Bytes of a number.
std::int64_t bytes_of(at::ScalarType type);

} // namespace yanxing::nn
