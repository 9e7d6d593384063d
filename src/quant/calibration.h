// Calibration: the model reads sample rows, and what goes into its linear layers is kept in the amount that quantizers
// need.
#pragma once

#include "nn/decoder.h"
#include "nn/packed_row.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace yanxing::quant {

struct Inputs {
  at::Tensor kept;         // (some, in): tokens evenly taken from all
  at::Tensor mean_size;    // (in): mean |x| of all tokens
  at::Tensor gram;         // (in, in): Σ x·xᵀ of all tokens, where asked for
  std::int64_t tokens = 0; // 0: none came here (an expert that was never chosen)
};
using InputsOf = std::map<const nn::Linear *, Inputs>;

// One pass over the rows. At most `kMostKept` tokens of each wanted layer's inputs are kept. `progress` is told the
// share of the rows that is done.
constexpr std::int64_t kMostKept = 512;
InputsOf observe(const nn::Decoder &decoder, const std::vector<nn::PackedRow> &rows,
                 const std::vector<const nn::Linear *> &wanted, bool gram,
                 const std::function<void(double share)> &progress = {});

} // namespace yanxing::quant
