// Qwen3's mixture of experts: the MLP of most layers is several small ones of which a router picks a few per token.
#include "nn/family.h"

#include <algorithm>

namespace yanxing::nn {
namespace {

DecoderConfig from_hf(Fields &config) {
  auto decoder = usual_from_hf(config);
  decoder.qk_norm = true;
  decoder.experts = config.size_or("num_experts", config.size_or("num_local_experts", 1));
  decoder.experts_per_token = config.size("num_experts_per_tok");
  decoder.expert_intermediate = config.size("moe_intermediate_size");
  decoder.normalise_expert_weights = config.flag_or("norm_topk_prob", false);
  const auto step = static_cast<std::size_t>(config.size_or("decoder_sparse_step", 1));
  const auto *dense = config.find("mlp_only_layers");
  for (std::size_t i = 0; i < decoder.layers.size(); ++i) {
    const bool listed =
        dense != nullptr && dense->is_array() && std::find(dense->begin(), dense->end(), Json(i)) != dense->end();
    decoder.layers[i].sparse = (i + 1) % step == 0 && !listed;
  }
  windows_from_layer_types(config, decoder,
                           config.flag_or("use_sliding_window", false) ? config.size_or("sliding_window", 0) : 0);
  return decoder;
}

DecoderConfig from_gguf(Fields &metadata) {
  auto decoder = usual_from_gguf(metadata);
  decoder.qk_norm = true;
  decoder.experts = metadata.size("expert_count");
  decoder.experts_per_token = metadata.size("expert_used_count");
  decoder.expert_intermediate = metadata.size("expert_feed_forward_length");
  for (auto &layer : decoder.layers) {
    layer.sparse = true;
  }
  return decoder;
}

void to_hf(const DecoderConfig &decoder, const Json & /*metadata*/, Json &config) {
  config["num_experts"] = decoder.experts;
  config["num_experts_per_tok"] = decoder.experts_per_token;
  config["moe_intermediate_size"] = decoder.expert_intermediate;
  config["norm_topk_prob"] = decoder.normalise_expert_weights;
  config["decoder_sparse_step"] = 1;
  config["mlp_only_layers"] = Json::array();
}

void to_gguf(const DecoderConfig &decoder, const Json & /*config*/, std::string & /*architecture*/, Json &values) {
  values["expert_count"] = decoder.experts;
  values["expert_used_count"] = decoder.experts_per_token;
  values["expert_feed_forward_length"] = decoder.expert_intermediate;
}

} // namespace

Family make_qwen3_moe_family() {
  Family family;
  family.name = "qwen3_moe";
  family.model_types = {"qwen3_moe"};
  family.architectures = {"qwen3moe"};
  family.from_hf = from_hf;
  family.from_gguf = from_gguf;
  family.hf_class = "Qwen3MoeForCausalLM";
  family.to_hf = to_hf;
  family.to_gguf = to_gguf;
  return family;
}

} // namespace yanxing::nn
