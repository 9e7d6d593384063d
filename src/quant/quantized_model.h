// What a quantizer makes of a model, and the folder that others load.
#pragma once

#include "quant/grid.h"

#include "convert/hf_folder.h"
#include "nn/decoder.h"
#include "nn/model.h"

#include "base/json.h"

#include <map>
#include <string>
#include <vector>

namespace yanxing::quant {

// ‖X·Ŵᵀ − X·Wᵀ‖ / ‖X·Wᵀ‖ over calibration tokens X of a linear layer.
struct LayerError {
  std::string name;
  double rounding = 0; // plain rounding to nearest on the same grid
  double ours = 0;
};

struct QuantizedLinear {
  std::string name; // "model.layers.0.self_attn.q_proj"
  QuantizedMatrix matrix;
};

struct QuantizedModel {
  std::vector<QuantizedLinear> linears;
  std::map<std::string, at::Tensor> replaced; // other weights that changed, by name: norms, biases, routers
  std::vector<LayerError> errors;
};

// Error: the group size does not divide a layer's inputs, or a word's codes its outputs.
Status check_shapes(nn::Decoder &decoder, const Grid &grid);

double relative_error(const at::Tensor &x, const at::Tensor &changed, const at::Tensor &weight);

// {"layers":[{"name","rounding","ours"}],"mean_rounding","mean_ours"}
Json report_json(const std::vector<LayerError> &errors);
// A line for each decoder layer, averaged over its linear layers, and one for all.
std::string report_table(const std::vector<LayerError> &errors, const std::string &method);

enum class Layout { kAwq, kGptq };
// The folder in Hugging Face form; `description` is config.json's quantization_config.
Status write_quantized_folder(const std::filesystem::path &folder, const nn::Checkpoint &base, nn::Decoder &decoder,
                              const QuantizedModel &quantized, Layout layout, const Json &description,
                              const convert::HfOptions &options);

} // namespace yanxing::quant
