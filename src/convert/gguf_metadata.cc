#include "convert/gguf_metadata.h"

#include "nn/family.h"
#include "nn/rope.h"

#include <algorithm>

namespace yanxing::convert {
namespace {

// Rotary settings of the layers that see everything: newer files nest them by the layer's kind.
Json rope_parameters(const Json &config) {
  for (const char *name : {"rope_parameters", "rope_scaling"}) {
    const auto found = config.find(name);
    if (found != config.end() && found->is_object()) {
      return found->contains("full_attention") && (*found)["full_attention"].is_object() ? (*found)["full_attention"]
                                                                                         : *found;
    }
  }
  return Json::object();
}

double theta_of(const Json &config, const Json &rope) {
  for (const auto *place : {&rope, &config}) {
    const auto found = place->find("rope_theta");
    if (found != place->end() && found->is_number()) {
      return found->get<double>();
    }
  }
  return 10000.0;
}

void add_rope(const nn::Checkpoint &base, Json &values) {
  const auto &config = base.text_description();
  const auto rope = rope_parameters(config);
  values["rope.freq_base"] = theta_of(config, rope);
  values["rope.dimension_count"] = 2 * base.config().ropes.at(0).inverse_frequencies.size();
  auto type = string_or_empty(rope, "rope_type");
  if (type.empty()) {
    type = string_or_empty(rope, "type");
  }
  const auto copy = [&](const char *from, const char *to) {
    if (const auto found = rope.find(from); found != rope.end() && found->is_number()) {
      values[to] = *found;
    }
  };
  if (type == "linear" || type == "yarn") {
    values["rope.scaling.type"] = type;
    values["rope.scaling.factor"] =
        rope.contains("factor") && rope["factor"].is_number() ? rope["factor"].get<double>() : 1.0;
  }
  if (type == "yarn") {
    values["rope.scaling.original_context_length"] = base.config().context;
    copy("original_max_position_embeddings", "rope.scaling.original_context_length");
    for (const char *name : {"beta_fast", "beta_slow"}) {
      if (const auto found = rope.find(name); found != rope.end() && found->is_number()) {
        values[std::string("rope.scaling.yarn_") + name] = found->get<double>();
      }
    }
    if (const auto found = rope.find("attention_factor"); found != rope.end() && found->is_number()) {
      values["rope.scaling.yarn_attn_factor"] = found->get<double>();
    }
  }
}

} // namespace

Result<Json> gguf_values(const nn::Checkpoint &base) {
  const auto &decoder = base.config();
  const auto family = nn::family_named(decoder.family);
  const bool all_sparse = std::all_of(decoder.layers.begin(), decoder.layers.end(), [](auto &l) { return l.sparse; });
  if (decoder.experts > 0 && !all_sparse) {
    return Error{base.path().string() + " mixes layers with and without experts, which GGUF cannot hold",
                 "Export it as a Hugging Face folder instead"};
  }
  Json values = {{"context_length", decoder.context},
                 {"embedding_length", decoder.hidden},
                 {"block_count", decoder.layers.size()},
                 {"feed_forward_length", decoder.intermediate},
                 {"attention.head_count", decoder.heads},
                 {"attention.head_count_kv", decoder.kv_heads},
                 {"attention.key_length", decoder.head_dim},
                 {"attention.value_length", decoder.head_dim},
                 {"attention.layer_norm_rms_epsilon", nn::shortest(decoder.norm_epsilon)}};
  add_rope(base, values);
  auto architecture = family.architectures.front();
  if (family.to_gguf != nullptr) {
    family.to_gguf(decoder, base.text_description(), architecture, values);
  }
  auto name = base.path().lexically_normal();
  name = name.has_filename() ? name.filename() : name.parent_path().filename();
  Json all = {{"general.architecture", architecture}, {"general.type", "model"}, {"general.name", name.string()}};
  for (auto &[key, value] : values.items()) {
    all[architecture + "." + key] = value;
  }
  return all;
}

std::map<std::string, std::vector<float>> rope_factors(const nn::Checkpoint &base) {
  const auto &config = base.text_description();
  const auto parameters = rope_parameters(config);
  const auto &rope = base.config().ropes.at(0);
  const auto plain = nn::inverse_frequencies(static_cast<float>(theta_of(config, parameters)),
                                             static_cast<std::int64_t>(2 * rope.inverse_frequencies.size()));
  const auto over = [&](const std::vector<float> &scaled) {
    std::vector<float> factors;
    for (std::size_t i = 0; i < plain.size(); ++i) {
      factors.push_back(plain[i] / scaled[i]);
    }
    return factors;
  };
  if (!rope.long_inverse_frequencies.empty()) {
    return {{"rope_factors_short.weight", over(rope.inverse_frequencies)},
            {"rope_factors_long.weight", over(rope.long_inverse_frequencies)}};
  }
  const auto type = string_or_empty(parameters, "rope_type") + string_or_empty(parameters, "type");
  if (type.starts_with("llama3")) {
    return {{"rope_freqs.weight", over(rope.inverse_frequencies)}};
  }
  return {};
}

} // namespace yanxing::convert
