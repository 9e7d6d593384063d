#include "quant/layer_parts.h"

#include <map>

namespace yanxing::quant {

std::vector<LayerParts> parts_of(nn::Decoder &decoder) {
  std::map<std::string, nn::Linear *> linears;
  std::map<std::string, nn::Norm *> norms;
  decoder.for_each_linear([&](nn::Linear &linear) { linears[linear.name] = &linear; }, true);
  decoder.for_each_norm([&](nn::Norm &norm) { norms[norm.name] = &norm; });
  const auto &config = decoder.config();
  const auto found = [&](const std::string &name) {
    const auto place = linears.find(name);
    return place == linears.end() ? nullptr : place->second;
  };
  const auto mlp_at = [&](const std::string &name) {
    MlpParts mlp;
    if (auto *both = found(name + ".gate_up_proj"); both != nullptr) {
      mlp.entry = {both};
      mlp.up_row = both->out() / 2;
    } else {
      mlp.entry = {found(name + ".gate_proj"), found(name + ".up_proj")};
    }
    mlp.down = found(name + ".down_proj");
    return mlp;
  };
  std::vector<LayerParts> all;
  for (std::size_t i = 0; i < config.layers.size(); ++i) {
    const auto name = config.module_prefix + "layers." + std::to_string(i);
    LayerParts parts;
    parts.attention_norm = norms.at(name + ".input_layernorm");
    parts.mlp_norm = norms.at(name + (config.post_norms ? ".pre_feedforward_layernorm" : ".post_attention_layernorm"));
    if (auto *qkv = found(name + ".self_attn.qkv_proj"); qkv != nullptr) {
      parts.entry = {qkv};
      parts.value_row = (config.heads + config.kv_heads) * config.head_dim;
    } else {
      for (const char *one : {".self_attn.q_proj", ".self_attn.k_proj", ".self_attn.v_proj"}) {
        parts.entry.push_back(found(name + one));
      }
    }
    parts.out = found(name + ".self_attn.o_proj");
    if (config.layers[i].sparse) {
      parts.router = found(name + ".mlp.gate");
      for (std::int64_t expert = 0; expert < config.experts; ++expert) {
        parts.mlps.push_back(mlp_at(name + ".mlp.experts." + std::to_string(expert)));
      }
    } else {
      parts.mlps.push_back(mlp_at(name + ".mlp"));
    }
    all.push_back(std::move(parts));
  }
  return all;
}

} // namespace yanxing::quant
