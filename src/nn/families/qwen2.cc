// Qwen2 and Qwen2.5: biases on q, k and v. The text part of Qwen2-VL describes itself the same way.
#include "nn/family.h"

namespace yanxing::nn {
namespace {

DecoderConfig from_hf(Fields &config) {
  auto decoder = usual_from_hf(config);
  const bool sliding = config.flag_or("use_sliding_window", false);
  const auto window = sliding ? config.size_or("sliding_window", 0) : 0;
  if (!windows_from_layer_types(config, decoder, window) && sliding) {
    const auto first = static_cast<std::size_t>(config.size_or("max_window_layers", 28));
    for (std::size_t i = first; i < decoder.layers.size(); ++i) {
      decoder.layers[i].window = window;
    }
  }
  return decoder;
}

} // namespace

Family make_qwen2_family() {
  Family family;
  family.name = "qwen2";
  family.model_types = {"qwen2", "qwen2_vl_text"};
  family.architectures = {"qwen2", "qwen2vl"};
  family.from_hf = from_hf;
  family.from_gguf = usual_from_gguf;
  return family;
}

} // namespace yanxing::nn
