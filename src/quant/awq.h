// Activation-aware weight quantization (arXiv:2306.00978). Inputs that are large on average matter most: their weights
// are multiplied by s before rounding and what feeds them is divided by s, where s = mean|x|^α with the α whose output
// error is least (section 3.2, equations 4 and 5). Then each group is clipped where that helps.
//
// The division is folded into what comes before, so that nothing is computed more: the norm before q, k, v and before
// gate, up; the rows of v before o; the rows of up before down. With grouped queries the heads that share a v share s.
#pragma once

#include "nn/decoder.h"
#include "nn/packed_row.h"
#include "quant/quantized_model.h"

#include <functional>
#include <vector>

namespace yanxing::quant {

struct AwqSettings {
  Grid grid;         // 4 bits, asymmetric
  bool scale = true; // without scale and clip it is rounding to nearest
  bool clip = true;
  std::function<void(double share)> progress;
};

// `rows` are what the model reads to calibrate. The decoder stays as it is.
Result<QuantizedModel> quantize_awq(nn::Decoder &decoder, const std::vector<nn::PackedRow> &rows,
                                    const AwqSettings &settings);

// config.json's quantization_config.
Json awq_description(const nn::Decoder &decoder, const Grid &grid);

} // namespace yanxing::quant
