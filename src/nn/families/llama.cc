// Llama 2 and 3, SmolLM2, Mistral.
#include "nn/family.h"

namespace yanxing::nn {
namespace {

DecoderConfig from_hf(Fields &config) {
  auto decoder = usual_from_hf(config);
  const auto window = config.size_or("sliding_window", 0); // Mistral
  if (!windows_from_layer_types(config, decoder, window)) {
    for (auto &layer : decoder.layers) {
      layer.window = window;
    }
  }
  return decoder;
}

} // namespace

Family make_llama_family() {
  Family family;
  family.name = "llama";
  family.model_types = {"llama", "mistral"};
  family.architectures = {"llama"};
  family.from_hf = from_hf;
  family.from_gguf = usual_from_gguf;
  family.gguf_interleaved_qk = true;
  return family;
}

} // namespace yanxing::nn
