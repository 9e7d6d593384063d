#include "nn/adapter.h"

#include "nn/fields.h"
#include "nn/safetensors.h"

#include "base/files.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <regex>

namespace yanxing::nn {
namespace {

constexpr std::string_view kPrefix = "base_model.model.";

at::Tensor floats_of(const StoredTensor &stored) {
  auto tensor = at::empty(stored.shape, at::kFloat);
  to_floats(stored.format, stored.bytes, {tensor.mutable_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())});
  return tensor;
}

// What may stand before "layers.0" of a decoder; multimodal models keep it one or two levels down.
constexpr std::array<std::string_view, 6> kDecoders{
    "model.",         "model.language_model.", "language_model.model.",
    "thinker.model.", "language_model.",       "thinker.model.language_model."};

// "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight" → the layer's name and the part after it. Layers of
// a decoder are named as a text model's, whatever model the adapter is of.
std::pair<std::string, std::string> split(const std::string &key) {
  const auto at = key.find(".lora_");
  if (!key.starts_with(kPrefix) || at == std::string::npos) {
    return {};
  }
  auto layer = key.substr(kPrefix.size(), at - kPrefix.size());
  const auto layers = layer.find("layers.");
  if (layers != std::string::npos &&
      std::find(kDecoders.begin(), kDecoders.end(), std::string_view(layer).substr(0, layers)) != kDecoders.end()) {
    layer = "model." + layer.substr(layers);
  }
  return {layer, key.substr(at + 1)};
}

std::vector<std::string> targets_of(const Json &config) {
  std::vector<std::string> targets;
  const auto found = config.find("target_modules");
  if (found != config.end() && found->is_string()) {
    targets.push_back(found->get<std::string>());
  } else if (found != config.end() && found->is_array()) {
    for (const auto &target : *found) {
      if (target.is_string()) {
        targets.push_back(target.get<std::string>());
      }
    }
  }
  return targets;
}

// As PEFT: a key of the pattern matches the end of a layer's name, as a regular expression.
Status apply_alpha_pattern(const Json &pattern, Adapter &adapter) {
  for (const auto &[key, value] : pattern.items()) {
    std::regex ending;
    try {
      ending.assign("(.*\\.)?(" + key + ")");
    } catch (const std::regex_error &) {
      return Error{"alpha_pattern's key '" + key + "' is no regular expression", ""};
    }
    for (auto &[layer, module] : adapter.modules) {
      if (value.is_number() && std::regex_match(layer, ending)) {
        module.alpha = value.get<float>();
      }
    }
  }
  return {};
}

} // namespace

Result<Adapter> read_adapter(const std::filesystem::path &folder) {
  const auto config_file = folder / "adapter_config.json";
  auto config = read_json_file(config_file);
  if (!config) {
    return config.error();
  }
  Fields fields(*config, "", config_file.string());
  Adapter adapter;
  if (fields.text_or("peft_type", "LORA") != "LORA") {
    fields.fail("only LoRA adapters can be read, not " + fields.text_or("peft_type", ""));
  }
  for (const char *unread : {"modules_to_save", "trainable_token_indices"}) {
    if (const auto *value = fields.find(unread); value != nullptr && !value->empty()) {
      fields.fail(std::string(unread) + " is not supported");
    }
  }
  if (fields.text_or("bias", "none") != "none") {
    fields.fail("adapters that train biases are not supported");
  }
  adapter.config.rank = fields.size("r");
  adapter.config.alpha = fields.number("lora_alpha");
  adapter.config.dropout = fields.number_or("lora_dropout", 0.0F);
  adapter.config.rslora = fields.flag_or("use_rslora", false);
  adapter.config.dora = fields.flag_or("use_dora", false);
  adapter.config.targets = targets_of(*config);
  adapter.base_model_name = fields.text_or("base_model_name_or_path", "");
  if (fields.error()) {
    return *fields.error();
  }
  const auto weights_file = folder / "adapter_model.safetensors";
  auto weights = open_safetensors(weights_file);
  if (!weights) {
    return weights.error();
  }
  for (const auto &stored : weights->tensors) {
    const auto [layer, part] = split(stored.name);
    if (part.starts_with("lora_A")) {
      adapter.modules[layer].a = floats_of(stored);
    } else if (part.starts_with("lora_B")) {
      adapter.modules[layer].b = floats_of(stored);
    } else if (part.starts_with("lora_magnitude_vector")) {
      adapter.modules[layer].magnitude = floats_of(stored);
    } else {
      return Error{weights_file.string() + ": tensor " + stored.name + " is no part of a LoRA adapter", ""};
    }
  }
  if (adapter.modules.empty()) {
    return Error{weights_file.string() + " holds no adapter", ""};
  }
  for (auto &[layer, module] : adapter.modules) {
    module.alpha = adapter.config.alpha;
    if ((module.a.defined() && module.a.dim() != 2) || (module.b.defined() && module.b.dim() != 2)) {
      return Error{weights_file.string() + ": the adapter of " + layer + " is no pair of matrices", ""};
    }
  }
  if (const auto *pattern = fields.find("alpha_pattern"); pattern != nullptr && pattern->is_object()) {
    if (auto applied = apply_alpha_pattern(*pattern, adapter); !applied) {
      return Error{config_file.string() + ": " + applied.error().what, ""};
    }
  }
  return adapter;
}

Status write_adapter(const std::filesystem::path &folder, const Adapter &adapter) {
  std::vector<TensorToWrite> tensors;
  Json alphas = Json::object(); // of layers that differ from the rest
  Json ranks = Json::object();
  const auto add = [&tensors](const std::string &name, const at::Tensor &tensor) {
    const auto whole = tensor.detach().contiguous();
    const auto size = static_cast<std::size_t>(whole.numel()) * sizeof(float);
    tensors.push_back({name, "F32", whole.sizes().vec(), size, [whole, size] {
                         return std::span(reinterpret_cast<const std::byte *>(whole.const_data_ptr<float>()), size);
                       }});
  };
  for (const auto &[layer, module] : adapter.modules) {
    if (module.alpha != adapter.config.alpha) {
      alphas[layer] = module.alpha;
    }
    if (module.a.size(0) != adapter.config.rank) {
      ranks[layer] = module.a.size(0);
    }
    const auto name = std::string(kPrefix) + layer;
    add(name + ".lora_A.weight", module.a);
    add(name + ".lora_B.weight", module.b);
    if (module.magnitude.defined()) {
      add(name + ".lora_magnitude_vector", module.magnitude);
    }
  }
  const auto &config = adapter.config;
  const Json json = {{"peft_type", "LORA"},
                     {"task_type", "CAUSAL_LM"},
                     {"base_model_name_or_path", adapter.base_model_name},
                     {"r", config.rank},
                     {"lora_alpha", config.alpha},
                     {"lora_dropout", config.dropout},
                     {"use_rslora", config.rslora},
                     {"use_dora", config.dora},
                     {"target_modules", config.targets},
                     {"alpha_pattern", alphas},
                     {"rank_pattern", ranks},
                     {"bias", "none"},
                     {"fan_in_fan_out", false},
                     {"inference_mode", true},
                     {"init_lora_weights", true}};
  if (auto written = write_safetensors(folder / "adapter_model.safetensors", tensors); !written) {
    return written;
  }
  return write_file(folder / "adapter_config.json", json.dump(2) + "\n");
}

} // namespace yanxing::nn
