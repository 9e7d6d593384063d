// Quantized matrices as AutoAWQ's and AutoGPTQ's files have them, in 32-bit words.
#pragma once

#include "quant/grid.h"

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

namespace yanxing::quant {

// Tensors of a linear layer: a name's ending ("qweight") and the numbers.
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// AWQ's "GEMM" layout, 4 bits: qweight (in, out / 8), qzeros (groups, out / 8), scales (groups, out) half. A word holds
// eight outputs, the lowest bits first, in the order 0 2 4 6 1 3 5 7.
NamedTensors pack_awq(const QuantizedMatrix &matrix);

// GPTQ's first layout: qweight (in · bits / 32, out), a word holds consecutive inputs; qzeros (groups, out · bits /
// 32), each less one; scales (groups, out) half; g_idx (in).
NamedTensors pack_gptq(const QuantizedMatrix &matrix);

} // namespace yanxing::quant
