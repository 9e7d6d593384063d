// Gemma 3: as Gemma 2 without caps, with norms on queries and keys; five layers with a window and rotation of their own
// for each that sees everything.
#include "nn/family.h"
#include "nn/rope.h"

#include <algorithm>
#include <cmath>

namespace yanxing::nn {
namespace {

constexpr std::size_t kPattern = 6;

void shape(DecoderConfig &decoder) {
  decoder.post_norms = true;
  decoder.qk_norm = true;
  decoder.activation = Activation::kGeluTanh;
  decoder.embedding_scale = std::sqrt(static_cast<float>(decoder.hidden));
}

// ropes: [0] of the layers that see everything, [1] of those with a window.
void local_ropes(DecoderConfig &decoder, const RopeConfig &local) {
  decoder.ropes.resize(1);
  decoder.ropes.push_back(local);
  for (auto &layer : decoder.layers) {
    layer.rope = layer.window > 0 ? 1 : 0;
  }
}

void windows_by_pattern(DecoderConfig &decoder, std::int64_t window, std::size_t pattern) {
  for (std::size_t i = 0; i < decoder.layers.size(); ++i) {
    decoder.layers[i].window = (i + 1) % pattern == 0 ? 0 : window;
  }
}

DecoderConfig from_hf(Fields &config) {
  // Newer files nest the parameters by the layer's type.
  const auto *parameters = config.find("rope_parameters");
  const bool nested = parameters != nullptr && parameters->is_object() && parameters->contains("full_attention");
  auto decoder = usual_from_hf(config);
  shape(decoder);
  decoder.norm_plus_one = true;
  decoder.tied_embeddings = config.flag_or("tie_word_embeddings", true);
  decoder.activation = Activation::kGeluTanh;
  decoder.attention_scale = 1.0F / std::sqrt(config.number_or("query_pre_attn_scalar", 256.0F));
  decoder.attention_softcap = config.number_or("attn_logit_softcapping", 0.0F);
  decoder.final_softcap = config.number_or("final_logit_softcapping", 0.0F);
  const auto window = config.size_or("sliding_window", 4096);
  if (!windows_from_layer_types(config, decoder, window)) {
    windows_by_pattern(decoder, window, static_cast<std::size_t>(config.size_or("sliding_window_pattern", kPattern)));
  }
  static const Json kNone = Json::object();
  const auto part = [&](const char *type, const char *theta, float otherwise) {
    Fields own(nested && parameters->contains(type) ? (*parameters)[type] : kNone, "", config.where());
    auto rope = rope_from_hf(own, config.number_or(theta, otherwise), decoder.head_dim, decoder.context);
    if (own.error()) {
      config.fail("rope_parameters of " + std::string(type) + " are wrong");
    }
    return rope;
  };
  if (nested || parameters == nullptr) {
    // Older files scale (linearly) only the layers that see everything.
    if (nested || config.find("rope_scaling") == nullptr) {
      decoder.ropes = {part("full_attention", "rope_theta", 1'000'000.0F)};
    }
    local_ropes(decoder, part("sliding_attention", "rope_local_base_freq", 10'000.0F));
  }
  return decoder;
}

DecoderConfig from_gguf(Fields &metadata) {
  auto decoder = usual_from_gguf(metadata); // the converter has added one to the norms
  shape(decoder);
  if (decoder.layers.size() == 62) { // only the 27B's scale is not the head's size
    decoder.attention_scale = 1.0F / std::sqrt(static_cast<float>(decoder.hidden / decoder.heads));
  }
  decoder.final_softcap = metadata.number_or("final_logit_softcapping", 0.0F);
  windows_by_pattern(decoder, metadata.size_or("attention.sliding_window", 1024), kPattern);
  RopeConfig local;
  local.inverse_frequencies =
      inverse_frequencies(metadata.number_or("rope.freq_base_swa", 10'000.0F), decoder.head_dim);
  local_ropes(decoder, local);
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

void to_hf(const DecoderConfig &decoder, const Json &metadata, Json &config) {
  config["hidden_activation"] = config["hidden_act"];
  config["query_pre_attn_scalar"] = scalar_of(decoder);
  config["sliding_window"] = window_of(decoder);
  config["layer_types"] = layer_types_of(decoder);
  config["rope_local_base_freq"] = metadata.value("gemma3.rope.freq_base_swa", 10'000.0);
  if (decoder.final_softcap > 0) {
    config["final_logit_softcapping"] = shortest(decoder.final_softcap);
  }
}

void to_gguf(const DecoderConfig &decoder, const Json &config, std::string & /*architecture*/, Json &values) {
  values["attention.sliding_window"] = window_of(decoder);
  const auto nested = config.find("rope_parameters");
  const bool own = nested != config.end() && nested->is_object() && nested->contains("sliding_attention") &&
                   (*nested)["sliding_attention"].contains("rope_theta");
  values["rope.freq_base_swa"] =
      own ? (*nested)["sliding_attention"]["rope_theta"] : Json(config.value("rope_local_base_freq", 10'000.0));
  if (decoder.final_softcap > 0) {
    values["final_logit_softcapping"] = shortest(decoder.final_softcap);
  }
}

} // namespace

Family make_gemma3_family() {
  Family family;
  family.name = "gemma3";
  family.model_types = {"gemma3_text"};
  family.architectures = {"gemma3"};
  family.from_hf = from_hf;
  family.from_gguf = from_gguf;
  family.hf_class = "Gemma3ForCausalLM";
  family.hf_norms_are_offsets = true;
  family.to_hf = to_hf;
  family.to_gguf = to_gguf;
  family.gguf_names = {{"post_attention_layernorm", "post_attention_norm"},
                       {"pre_feedforward_layernorm", "ffn_norm"},
                       {"post_feedforward_layernorm", "post_ffw_norm"}};
  return family;
}

} // namespace yanxing::nn
