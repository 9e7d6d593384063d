// Dropout whose mask is a function of the seed and the place: it is made again in the backward pass instead of kept.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace yanxing::nn {

// A new tensor: each number of contiguous fp32 `x` is 0 with probability `rate`, else divided by 1 − rate.
at::Tensor dropped(const at::Tensor &x, float rate, std::uint64_t seed);

} // namespace yanxing::nn
