// A decoder's layers as quantizers need them: which linear layers read the same input, and what is before it.
#pragma once

#include "nn/decoder.h"

#include <string>
#include <vector>

namespace yanxing::quant {

struct MlpParts {
  std::vector<nn::Linear *> entry; // gate and up, or both in one; they read the same
  nn::Linear *down = nullptr;
  std::int64_t up_row = 0; // first row of `up` within entry.back()
};

struct LayerParts {
  nn::Norm *attention_norm = nullptr;
  nn::Norm *mlp_norm = nullptr;
  std::vector<nn::Linear *> entry; // q, k, v, or all in one
  std::int64_t value_row = 0;      // first row of v within entry.back()
  nn::Linear *out = nullptr;
  std::vector<MlpParts> mlps;   // one, or an expert each
  nn::Linear *router = nullptr; // with experts
};

// Pointers are valid as long as the decoder.
std::vector<LayerParts> parts_of(nn::Decoder &decoder);

} // namespace yanxing::quant
