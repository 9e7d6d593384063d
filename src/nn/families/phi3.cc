// Phi-3 and Phi-3.5: one matrix for q, k, v and one for gate and up; LongRoPE.
#include "nn/family.h"

namespace yanxing::nn {
namespace {

void shape(DecoderConfig &decoder, std::int64_t window) {
  decoder.fused_qkv = true;
  decoder.fused_gate_up = true;
  for (auto &layer : decoder.layers) {
    layer.window = window;
  }
}

DecoderConfig from_hf(Fields &config) {
  auto decoder = usual_from_hf(config);
  shape(decoder, config.size_or("sliding_window", 0));
  return decoder;
}

DecoderConfig from_gguf(Fields &metadata) {
  auto decoder = usual_from_gguf(metadata);
  shape(decoder, metadata.size_or("attention.sliding_window", 0));
  return decoder;
}

void to_hf(const DecoderConfig &decoder, const Json & /*metadata*/, Json &config) {
  const auto window = decoder.layers.front().window;
  config["sliding_window"] = window > 0 ? Json(window) : Json(nullptr);
  config["original_max_position_embeddings"] =
      decoder.ropes[0].switch_at > 0 ? decoder.ropes[0].switch_at : decoder.context;
}

void to_gguf(const DecoderConfig &decoder, const Json & /*config*/, std::string & /*architecture*/, Json &values) {
  values["attention.sliding_window"] = decoder.layers.front().window;
  values["rope.scaling.original_context_length"] =
      decoder.ropes[0].switch_at > 0 ? decoder.ropes[0].switch_at : decoder.context;
}

} // namespace

Family make_phi3_family() {
  Family family;
  family.name = "phi3";
  family.model_types = {"phi3"};
  family.architectures = {"phi3"};
  family.from_hf = from_hf;
  family.from_gguf = from_gguf;
  family.hf_class = "Phi3ForCausalLM";
  family.to_hf = to_hf;
  family.to_gguf = to_gguf;
  family.gguf_names = {{"mlp.gate_up_proj", "ffn_up"}};
  return family;
}

} // namespace yanxing::nn
