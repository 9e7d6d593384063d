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

void to_hf(const DecoderConfig & /*decoder*/, const Json & /*metadata*/, Json &config) { config["mlp_bias"] = false; }

void to_gguf(const DecoderConfig &decoder, const Json & /*config*/, std::string & /*architecture*/, Json &values) {
  values["vocab_size"] = decoder.vocabulary;
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
  family.hf_class = "LlamaForCausalLM";
  family.to_hf = to_hf;
  family.to_gguf = to_gguf;
  return family;
}

} // namespace yanxing::nn
