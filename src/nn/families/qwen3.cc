// Qwen3: norms over each head of queries and keys instead of biases.
#include "nn/family.h"

namespace yanxing::nn {
namespace {

DecoderConfig from_hf(Fields &config) {
  auto decoder = usual_from_hf(config);
  decoder.qk_norm = true;
  windows_from_layer_types(config, decoder,
                           config.flag_or("use_sliding_window", false) ? config.size_or("sliding_window", 0) : 0);
  return decoder;
}

DecoderConfig from_gguf(Fields &metadata) {
  auto decoder = usual_from_gguf(metadata);
  decoder.qk_norm = true;
  return decoder;
}

} // namespace

Family make_qwen3_family() {
  Family family;
  family.name = "qwen3";
  family.model_types = {"qwen3"};
  family.architectures = {"qwen3", "qwen3vl"};
  family.from_hf = from_hf;
  family.from_gguf = from_gguf;
  family.hf_class = "Qwen3ForCausalLM";
  return family;
}

} // namespace yanxing::nn
