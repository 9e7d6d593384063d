#include "convert/hf_config.h"

#include "nn/family.h"
#include "nn/rope.h"

#include <algorithm>
#include <cmath>

namespace yanxing::convert {
namespace {

using Frequencies = std::vector<float>;

bool alike(const Frequencies &a, const Frequencies &b) {
  constexpr float kRelative = 1e-4F;
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](float x, float y) { return std::abs(x - y) <= kRelative * std::abs(y); });
}

Json factors(const Frequencies &plain, const Frequencies &scaled) {
  Json list = Json::array();
  for (std::size_t i = 0; i < plain.size(); ++i) {
    list.push_back(nn::shortest(plain[i] / scaled[i]));
  }
  return list;
}

// Llama 3's scaling stands in GGUF as one factor for each frequency. All its models have the same bounds; whether these
// give the file's frequencies is tried.
Json llama3_scaling(const nn::RopeConfig &rope, const Frequencies &plain, float theta, std::int64_t context) {
  const float factor = std::round(plain.back() / rope.inverse_frequencies.back());
  for (const int original : {8192, 4096, 16384, 32768}) {
    Json scaling = {{"rope_type", "llama3"},
                    {"factor", factor},
                    {"low_freq_factor", 1.0},
                    {"high_freq_factor", 4.0},
                    {"original_max_position_embeddings", original}};
    nn::Fields fields(scaling, "", "");
    const auto rotated = static_cast<std::int64_t>(2 * plain.size());
    if (alike(nn::rope_from_hf(fields, theta, rotated, context).inverse_frequencies, rope.inverse_frequencies)) {
      return scaling;
    }
  }
  return nullptr;
}

Status add_rope(const nn::Checkpoint &gguf, const std::string &prefix, Json &config) {
  const auto &rope = gguf.config().ropes.at(0);
  nn::Fields metadata(gguf.description(), prefix, gguf.path().string());
  const float theta = metadata.number_or("rope.freq_base", 10000.0F);
  const auto rotated = static_cast<std::int64_t>(2 * rope.inverse_frequencies.size());
  config["rope_theta"] = nn::shortest(theta);
  if (rotated != gguf.config().head_dim) {
    config["partial_rotary_factor"] = static_cast<double>(rotated) / static_cast<double>(gguf.config().head_dim);
  }
  const auto plain = nn::inverse_frequencies(theta, rotated);
  const auto type = metadata.text_or("rope.scaling.type", "none");
  if (!rope.long_inverse_frequencies.empty()) {
    config["rope_scaling"] = {{"type", "longrope"},
                              {"short_factor", factors(plain, rope.inverse_frequencies)},
                              {"long_factor", factors(plain, rope.long_inverse_frequencies)}};
  } else if (type == "yarn") {
    config["rope_scaling"] = {{"rope_type", "yarn"},
                              {"factor", nn::shortest(metadata.number_or("rope.scaling.factor", 1.0F))},
                              {"original_max_position_embeddings",
                               metadata.size_or("rope.scaling.original_context_length", gguf.config().context)}};
  } else if (type == "linear") {
    config["rope_scaling"] = {{"rope_type", "linear"},
                              {"factor", nn::shortest(metadata.number_or("rope.scaling.factor", 1.0F))}};
  } else if (!alike(rope.inverse_frequencies, plain)) {
    config["rope_scaling"] = llama3_scaling(rope, plain, theta, gguf.config().context);
    if (config["rope_scaling"].is_null()) {
      return Error{gguf.path().string() + " scales its rotary embedding in a way that config.json cannot express",
                   "Export it as GGUF instead: --to_gguf"};
    }
  }
  return {};
}

void add_token(const nn::Checkpoint &gguf, const char *from, const char *to, Json &config) {
  const auto found = gguf.description().find(std::string("tokenizer.ggml.") + from);
  config[to] = found != gguf.description().end() && found->is_number() ? *found : Json(nullptr);
}

} // namespace

Result<Json> hf_config(const nn::Checkpoint &gguf) {
  const auto &decoder = gguf.config();
  const auto family = nn::family_named(decoder.family);
  Json config = {{"architectures", {family.hf_class}},
                 {"model_type", family.model_types.front()},
                 {"vocab_size", decoder.vocabulary},
                 {"hidden_size", decoder.hidden},
                 {"intermediate_size", decoder.intermediate},
                 {"num_hidden_layers", decoder.layers.size()},
                 {"num_attention_heads", decoder.heads},
                 {"num_key_value_heads", decoder.kv_heads},
                 {"head_dim", decoder.head_dim},
                 {"hidden_act", decoder.activation == nn::Activation::kSilu ? "silu" : "gelu_pytorch_tanh"},
                 {"max_position_embeddings", decoder.context},
                 {"rms_norm_eps", nn::shortest(decoder.norm_epsilon)},
                 {"tie_word_embeddings", decoder.tied_embeddings},
                 {"attention_bias", gguf.find("model.layers.0.self_attn.q_proj.bias").has_value()},
                 {"attention_dropout", 0.0},
                 {"initializer_range", 0.02},
                 {"use_cache", true}};
  add_token(gguf, "bos_token_id", "bos_token_id", config);
  add_token(gguf, "eos_token_id", "eos_token_id", config);
  add_token(gguf, "padding_token_id", "pad_token_id", config);
  if (auto added = add_rope(gguf, string_or_empty(gguf.description(), "general.architecture") + ".", config); !added) {
    return added.error();
  }
  if (family.to_hf != nullptr) {
    family.to_hf(decoder, gguf.description(), config);
  }
  return config;
}

} // namespace yanxing::convert
