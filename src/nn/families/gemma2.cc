// Gemma 2: norms as offsets from one, norms after attention and MLP, capped logits, every other layer with a window.
#include "nn/family.h"

#include <algorithm>
#include <cmath>

namespace yanxing::nn {
namespace {

void shape(DecoderConfig &decoder) {
  decoder.post_norms = true;
  decoder.tied_embeddings = true;
  decoder.activation = Activation::kGeluTanh;
  decoder.embedding_scale = std::sqrt(static_cast<float>(decoder.hidden));
}

void alternate(DecoderConfig &decoder, std::int64_t window) {
  for (std::size_t i = 0; i < decoder.layers.size(); i += 2) {
    decoder.layers[i].window = window;
  }
}

DecoderConfig from_hf(Fields &config) {
  auto decoder = usual_from_hf(config);
  shape(decoder);
  decoder.norm_plus_one = true;
  decoder.attention_scale = 1.0F / std::sqrt(config.number_or("query_pre_attn_scalar", 256.0F));
  decoder.attention_softcap = config.number_or("attn_logit_softcapping", 0.0F);
  decoder.final_softcap = config.number_or("final_logit_softcapping", 0.0F);
  const auto window = config.size_or("sliding_window", 4096);
  if (!windows_from_layer_types(config, decoder, window)) {
    alternate(decoder, window);
  }
  return decoder;
}

DecoderConfig from_gguf(Fields &metadata) {
  auto decoder = usual_from_gguf(metadata);
  shape(decoder); // the converter has added one to the norms
  decoder.attention_softcap = metadata.number_or("attn_logit_softcapping", 50.0F);
  decoder.final_softcap = metadata.number_or("final_logit_softcapping", 30.0F);
  if (decoder.layers.size() == 46) { // only the 27B's scale is not the head's size
    decoder.attention_scale = 1.0F / std::sqrt(static_cast<float>(decoder.hidden / decoder.heads));
  }
  alternate(decoder, metadata.size_or("attention.sliding_window", 4096));
  return decoder;
}

// 1 / scale², which the files keep.
Json scalar_of(const DecoderConfig &decoder) {
  return shortest(std::round(1.0F / (decoder.attention_scale * decoder.attention_scale)));
}

std::int64_t window_of(const DecoderConfig &decoder) {
  std::int64_t window = 0;
  for (const auto &layer : decoder.layers) {
    window = std::max(window, layer.window);
  }
  return window;
}

void to_hf(const DecoderConfig &decoder, const Json & /*metadata*/, Json &config) {
  config["hidden_activation"] = config["hidden_act"];
  config["query_pre_attn_scalar"] = scalar_of(decoder);
  config["attn_logit_softcapping"] = shortest(decoder.attention_softcap);
  config["final_logit_softcapping"] = shortest(decoder.final_softcap);
  config["sliding_window"] = window_of(decoder);
  config["layer_types"] = layer_types_of(decoder);
}

void to_gguf(const DecoderConfig &decoder, const Json & /*config*/, std::string & /*architecture*/, Json &values) {
  values["attn_logit_softcapping"] = shortest(decoder.attention_softcap);
  values["final_logit_softcapping"] = shortest(decoder.final_softcap);
  values["attention.sliding_window"] = window_of(decoder);
}

} // namespace

Family make_gemma2_family() {
  Family family;
  family.name = "gemma2";
  family.model_types = {"gemma2"};
  family.architectures = {"gemma2"};
  family.from_hf = from_hf;
  family.from_gguf = from_gguf;
  family.hf_class = "Gemma2ForCausalLM";
  family.hf_norms_are_offsets = true;
  family.to_hf = to_hf;
  family.to_gguf = to_gguf;
  family.gguf_names = {{"post_attention_layernorm", "post_attention_norm"},
                       {"pre_feedforward_layernorm", "ffn_norm"},
                       {"post_feedforward_layernorm", "post_ffw_norm"}};
  return family;
}

} // namespace yanxing::nn
