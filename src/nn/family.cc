#include "nn/family.h"

#include "nn/rope.h"
#include "nn/tower.h" // the table's vectors of towers

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <stdexcept>

namespace yanxing::nn {

#define YANXING_DECLARE(name) Family make_##name##_family();
#include "family_table.inc"
#undef YANXING_DECLARE

std::vector<Family> all_families() {
  return {
#define YANXING_ENTRY(name) make_##name##_family(),
#include "family_table.inc"
#undef YANXING_ENTRY
  };
}

Family family_named(const std::string &name) {
  for (auto &family : all_families()) {
    if (family.name == name) {
      return family;
    }
  }
  throw std::logic_error("there is no model family " + name);
}

namespace {

using Names = std::vector<std::pair<std::string, std::string>>;

// Hugging Face's name of a layer's part → GGUF's.
const Names &usual_gguf_names() {
  static const Names names = {
      {"input_layernorm", "attn_norm"},
      {"post_attention_layernorm", "ffn_norm"},
      {"self_attn.q_proj", "attn_q"},
      {"self_attn.k_proj", "attn_k"},
      {"self_attn.v_proj", "attn_v"},
      {"self_attn.o_proj", "attn_output"},
      {"self_attn.qkv_proj", "attn_qkv"},
      {"self_attn.q_norm", "attn_q_norm"},
      {"self_attn.k_norm", "attn_k_norm"},
      {"mlp.gate_proj", "ffn_gate"},
      {"mlp.up_proj", "ffn_up"},
      {"mlp.down_proj", "ffn_down"},
      {"mlp.gate", "ffn_gate_inp"},
      {"mlp.experts.gate_proj", "ffn_gate_exps"},
      {"mlp.experts.up_proj", "ffn_up_exps"},
      {"mlp.experts.down_proj", "ffn_down_exps"},
  };
  return names;
}

// "model.layers.12.mlp.up_proj.weight" → {"12", "mlp.up_proj", ".weight"}; nothing where it is no layer's.
struct LayerName {
  std::string layer;
  std::string part;
  std::string ending;
};
std::optional<LayerName> split_layer_name(const std::string &name) {
  static constexpr std::string_view kStart = "model.layers.";
  if (!name.starts_with(kStart)) {
    return {};
  }
  const auto dot = name.find('.', kStart.size());
  const auto last = name.rfind('.');
  if (dot == std::string::npos || last <= dot) {
    return {};
  }
  return LayerName{name.substr(kStart.size(), dot - kStart.size()), name.substr(dot + 1, last - dot - 1),
                   name.substr(last)};
}

std::optional<std::string> mapped(const Names &names, const std::string &part) {
  const auto found = std::find_if(names.begin(), names.end(), [&](const auto &pair) { return pair.first == part; });
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

} // namespace

std::string gguf_tensor_name(const Family &family, const std::string &name) {
  if (name == "model.embed_tokens.weight") {
    return "token_embd.weight";
  }
  if (name == "model.norm.weight") {
    return "output_norm.weight";
  }
  if (name == "lm_head.weight") {
    return "output.weight";
  }
  const auto split = split_layer_name(name);
  if (!split) {
    return name;
  }
  auto part = mapped(family.gguf_names, split->part);
  if (!part) {
    part = mapped(usual_gguf_names(), split->part);
  }
  return part ? "blk." + split->layer + "." + *part + split->ending : name;
}

Json layer_types_of(const DecoderConfig &decoder) {
  Json types = Json::array();
  for (const auto &layer : decoder.layers) {
    types.push_back(layer.window > 0 ? "sliding_attention" : "full_attention");
  }
  return types;
}

Json shortest(float number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  double value = 0;
  std::from_chars(text.data(), end, value);
  return value;
}

namespace {

constexpr std::int64_t kMaxLayers = 4096;
constexpr std::int64_t kMaxHeadDim = 65536; // tables of this size are made before any weight is read

void check(Fields &fields, DecoderConfig &decoder, std::int64_t layers) {
  if (layers > kMaxLayers) {
    fields.fail(std::to_string(layers) + " layers are more than " + std::to_string(kMaxLayers));
    layers = 1;
  }
  if (decoder.head_dim > kMaxHeadDim) {
    fields.fail("heads of " + std::to_string(decoder.head_dim) + " numbers are wider than " +
                std::to_string(kMaxHeadDim));
    decoder.head_dim = 2;
  }
  if (decoder.heads % decoder.kv_heads != 0) {
    fields.fail("the number of attention heads is no multiple of the number of key-value heads");
  }
  decoder.layers.resize(static_cast<std::size_t>(layers));
  decoder.attention_scale = 1.0F / std::sqrt(static_cast<float>(decoder.head_dim));
}

// An even number of a head's leading numbers.
std::int64_t rotated_of(Fields &fields, std::int64_t head_dim, std::int64_t rotated) {
  if (rotated < 2 || rotated > head_dim || rotated % 2 != 0) {
    fields.fail("rotary embedding over " + std::to_string(rotated) + " of a head's " + std::to_string(head_dim) +
                " numbers is impossible");
    return 2;
  }
  return rotated;
}

RopeConfig usual_rope(Fields &config, const DecoderConfig &decoder) {
  const auto *parameters = config.find("rope_parameters");
  if (parameters == nullptr) {
    parameters = config.find("rope_scaling");
  }
  static const Json kNone = Json::object();
  Fields rope(parameters == nullptr ? kNone : *parameters, "", config.where());
  const float partial = rope.number_or("partial_rotary_factor", config.number_or("partial_rotary_factor", 1.0F));
  const auto share = partial > 0.0F && partial <= 1.0F ? partial : 0.0F; // 0 is refused as impossible
  const auto rotated =
      rotated_of(config, decoder.head_dim, static_cast<std::int64_t>(share * static_cast<float>(decoder.head_dim)));
  // LongRoPE (Phi-3) states the original context beside, not inside.
  Json merged = parameters == nullptr ? kNone : *parameters;
  if (const auto *original = config.find("original_max_position_embeddings");
      original != nullptr && merged.is_object() && !merged.contains("original_max_position_embeddings")) {
    merged["original_max_position_embeddings"] = *original;
  }
  Fields whole(merged, "", config.where());
  auto result = rope_from_hf(whole, config.number_or("rope_theta", 10000.0F), rotated, decoder.context);
  if (whole.error()) {
    config.fail(whole.error()->what.substr(config.where().size() + 2));
  }
  return result;
}

} // namespace

DecoderConfig usual_from_hf(Fields &config) {
  DecoderConfig decoder;
  decoder.vocabulary = config.size("vocab_size");
  decoder.hidden = config.size("hidden_size");
  decoder.intermediate = config.size("intermediate_size");
  decoder.heads = config.size("num_attention_heads");
  decoder.kv_heads = config.size_or("num_key_value_heads", decoder.heads);
  decoder.head_dim = config.size_or("head_dim", std::max<std::int64_t>(decoder.hidden / decoder.heads, 1));
  decoder.context = config.size_or("max_position_embeddings", 2048);
  decoder.norm_epsilon = config.number_or("rms_norm_eps", 1e-6F);
  decoder.tied_embeddings = config.flag_or("tie_word_embeddings", false);
  check(config, decoder, config.size("num_hidden_layers"));
  const auto activation = config.text_or("hidden_activation", config.text_or("hidden_act", "silu"));
  if (activation == "gelu_pytorch_tanh" || activation == "gelu_new") {
    decoder.activation = Activation::kGeluTanh;
  } else if (activation != "silu" && activation != "swish") {
    config.fail("the activation " + activation + " is not known");
  }
  decoder.ropes = {usual_rope(config, decoder)};
  return decoder;
}

DecoderConfig usual_from_gguf(Fields &metadata) {
  DecoderConfig decoder;
  decoder.hidden = metadata.size("embedding_length");
  // The vocabulary's size is that of the embedding's rows; whoever opens the file sets it.
  decoder.heads = metadata.size("attention.head_count");
  decoder.kv_heads = metadata.size_or("attention.head_count_kv", decoder.heads);
  decoder.head_dim =
      metadata.size_or("attention.key_length", std::max<std::int64_t>(decoder.hidden / decoder.heads, 1));
  decoder.intermediate = metadata.size("feed_forward_length");
  decoder.context = metadata.size_or("context_length", 2048);
  decoder.norm_epsilon = metadata.number_or("attention.layer_norm_rms_epsilon", 1e-6F);
  check(metadata, decoder, metadata.size("block_count"));
  const auto rotated =
      rotated_of(metadata, decoder.head_dim, metadata.size_or("rope.dimension_count", decoder.head_dim));
  decoder.ropes = {rope_from_gguf(metadata, metadata.number_or("rope.freq_base", 10000.0F), rotated, decoder.context)};
  return decoder;
}

bool windows_from_layer_types(Fields &config, DecoderConfig &decoder, std::int64_t window) {
  const auto *types = config.find("layer_types");
  if (types == nullptr || !types->is_array() || types->size() != decoder.layers.size()) {
    return false;
  }
  for (std::size_t i = 0; i < decoder.layers.size(); ++i) {
    decoder.layers[i].window = (*types)[i] == "sliding_attention" ? window : 0;
  }
  return true;
}

void three_axes(Fields &config, DecoderConfig &decoder, std::array<std::int64_t, 3> usual, bool interleaved) {
  auto &rope = decoder.ropes.at(0);
  const auto pairs = static_cast<std::int64_t>(rope.inverse_frequencies.size());
  auto sections = usual;
  for (const char *name : {"rope_scaling", "rope_parameters"}) {
    const auto *parameters = config.find(name);
    if (parameters == nullptr || !parameters->is_object() || !parameters->contains("mrope_section")) {
      continue;
    }
    const auto &written = parameters->at("mrope_section");
    if (!written.is_array() || written.size() != sections.size()) {
      return config.fail("mrope_section is no list of three numbers");
    }
    for (std::size_t i = 0; i < sections.size(); ++i) {
      sections[i] = written[i].is_number_integer() ? written[i].get<std::int64_t>() : -1;
    }
  }
  const auto [time, height, width] = sections;
  if (time < 0 || height < 0 || width < 0 || time > pairs || height > pairs || width > pairs ||
      time + height + width != pairs) {
    return config.fail("mrope_section does not part the " + std::to_string(pairs) + " pairs of a head");
  }
  rope.axes.assign(static_cast<std::size_t>(pairs), 0);
  for (std::int64_t pair = 0; pair < pairs; ++pair) {
    auto &axis = rope.axes[static_cast<std::size_t>(pair)];
    if (interleaved) { // height at 1, 4, 7, …, width at 2, 5, 8, …; what is beyond a section turns by time
      axis = static_cast<std::uint8_t>(pair % 3 == 1 && pair < 3 * height  ? 1
                                       : pair % 3 == 2 && pair < 3 * width ? 2
                                                                           : 0);
    } else {
      axis = static_cast<std::uint8_t>(pair < time ? 0 : pair < time + height ? 1 : 2);
    }
  }
}

} // namespace yanxing::nn
