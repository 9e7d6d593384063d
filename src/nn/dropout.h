// Dropout whose mask is a function of the seed and the place: it is made again in the backward pass instead of kept.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace yanxing::nn {

// A new tensor: each number of contiguous fp32 `x` is 0 with probability `rate`, else divided by 1 − rate.
at::Tensor dropped(const at::Tensor &x, float rate, std::uint64_t seed);

// Numbers between −limit and limit, the same for the same seed: (rows, columns) fp32.
at::Tensor noise(std::int64_t rows, std::int64_t columns, float limit, std::uint64_t seed);

} // namespace yanxing::nn
