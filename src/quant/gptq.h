// GPTQ (arXiv:2210.17323): columns are rounded one after another, and what each loses is made up for by those that are
// still to come, weighted by the inverse of the Hessian X·Xᵀ of the layer's output error.
#pragma once

#include "nn/decoder.h"
#include "nn/packed_row.h"
#include "quant/quantized_model.h"

#include <functional>
#include <vector>

namespace yanxing::quant {

struct GptqSettings {
  Grid grid{4, 128, true};
  bool act_order = false; // columns with the largest Hessian first; groups then follow that order
  double damping = 0.01;  // of the mean of the Hessian's diagonal, added to it
  std::function<void(double share)> progress;
};

// One matrix. weight: (out, in); gram: (in, in) = Σ x·xᵀ. Error: the Hessian cannot be inverted.
Result<QuantizedMatrix> gptq(const at::Tensor &weight, const at::Tensor &gram, const GptqSettings &settings);

// Every layer by the Hessian of what the model as it was lets into it. The decoder stays as it is.
Result<QuantizedModel> quantize_gptq(nn::Decoder &decoder, const std::vector<nn::PackedRow> &rows,
                                     const GptqSettings &settings);

// config.json's quantization_config.
Json gptq_description(const GptqSettings &settings);

} // namespace yanxing::quant
