#include "nn/model.h"

#include "nn/adapter.h"
#include "nn/adapter_gguf.h"
#include "nn/checkpoint.h"
#include "nn/decoder.h"
#include "nn/family.h"
#include "nn/head.h"
#include "nn/media_states.h"
#include "nn/tower_loading.h"
#include "nn/trainable.h"
#include "nn/weights_folder.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

namespace yanxing::nn {

struct Model::State {
  Decoder decoder;
  Checkpoint checkpoint; // where it came from
  Towers towers;
  MediaReader media;
  bool recompute = false;
  LoraConfig lora; // of the adapter, where there is one
  bool has_lora = false;

  // Of the decoder and the towers; with head, embedding, routers, convolutions and tables for `whole`.
  void for_each_linear(const std::function<void(Linear &, Part)> &visit, bool whole = false) {
    decoder.for_each_linear([&](Linear &layer) { visit(layer, Part::kDecoder); }, whole);
    for (auto &tower : towers) {
      tower->for_each_linear(visit, whole);
    }
  }
  void for_each_norm(const std::function<void(Norm &, Part)> &visit) {
    decoder.for_each_norm([&](Norm &norm) { visit(norm, Part::kDecoder); });
    for (auto &tower : towers) {
      tower->for_each_norm(visit);
    }
  }
  // A tower's blocks are made again in the backward pass only where it is trained: else nothing of it is kept.
  void recompute_towers() {
    for (auto &tower : towers) {
      bool trained = false;
      tower->for_each_linear(
          [&](Linear &layer, Part part) {
            trained = trained || (part == Part::kTower && (layer.lora || layer.trained.defined()));
          },
          true);
      tower->recompute_blocks(recompute && trained);
    }
  }
};

namespace {

bool is_trained(Part part, const TrainedParts &parts) {
  return part == Part::kDecoder ? parts.decoder : part == Part::kTower ? parts.tower : parts.aligner;
}

bool is_meant(const Linear &layer, const LoraConfig &config) {
  const bool expert = layer.name.find(".experts.") != std::string::npos;
  return std::any_of(config.targets.begin(), config.targets.end(), [&](const std::string &target) {
    if (target == "all-linear") {
      return !expert;
    }
    return layer.name == target ||
           (layer.name.ends_with("." + target) && (!expert || target.find("experts") != std::string::npos));
  });
}

Lora blank_lora(const Linear &layer, const LoraConfig &config) {
  Lora lora;
  lora.a = at::zeros({config.rank, layer.in()}, at::kFloat);
  lora.b = at::zeros({layer.out(), config.rank}, at::kFloat);
  const auto rank = static_cast<float>(config.rank);
  lora.scale = config.alpha / (config.rslora ? std::sqrt(rank) : rank);
  lora.dropout = config.dropout;
  return lora;
}

void train(Lora &lora) {
  lora.a.set_requires_grad(true);
  lora.b.set_requires_grad(true);
  if (lora.magnitude.defined()) {
    lora.magnitude.set_requires_grad(true);
  }
}

// ‖w_i‖ of each output: (out)
at::Tensor row_norms(const Linear &layer) { return layer.merged().square_().sum(1).sqrt_(); }

Status check(const LoraConfig &config) {
  if (config.rank < 1 || config.rank > 8192) {
    return Error{"LoRA rank " + std::to_string(config.rank) + " is not between 1 and 8192", ""};
  }
  if (!(config.dropout >= 0 && config.dropout < 1)) {
    return Error{"LoRA dropout " + std::to_string(config.dropout) + " is not between 0 and 1", ""};
  }
  return {};
}

std::vector<std::int64_t> places_of(const PackedRow &row) {
  std::vector<std::int64_t> places;
  for (const auto &target : row.targets) {
    places.push_back(target.at);
  }
  return places;
}

} // namespace

Model::Model() : state_(std::make_unique<State>()) {}
Model::~Model() = default;

Result<std::unique_ptr<Model>> Model::load(const std::filesystem::path &path, const ModelOptions &options) {
  auto checkpoint = Checkpoint::open(path);
  if (!checkpoint) {
    return checkpoint.error();
  }
  const Keeping keeping{options.as_stored, options.kept, options.nf4, options.double_quantization};
  auto decoder = Decoder::load(*checkpoint, {keeping, options.train_weights});
  if (!decoder) {
    return decoder.error();
  }
  std::unique_ptr<Model> model(new Model);
  model->state_->decoder = std::move(*decoder);
  model->state_->decoder.keep_activations(options.kept);
  for (const auto &family : all_families()) {
    if (family.name != checkpoint->config().family || family.towers == nullptr || checkpoint->is_gguf()) {
      continue;
    }
    auto towers = family.towers(*checkpoint, {{options.as_stored, options.kept}, false, false});
    if (!towers) {
      return towers.error();
    }
    model->state_->towers = std::move(*towers);
  }
  model->state_->checkpoint = std::move(*checkpoint);
  return model;
}

const DecoderConfig &Model::config() const { return state_->decoder.config(); }
const Json &Model::description() const { return state_->checkpoint.description(); }
bool Model::has_adapter() const { return state_->has_lora; }
void Model::recompute_layers(bool on) {
  state_->decoder.recompute_layers(on);
  state_->recompute = on;
  state_->recompute_towers();
}

void Model::set_media_reader(MediaReader reader) { state_->media = std::move(reader); }

bool Model::takes(pack::MediaInput::Kind kind) const {
  return std::any_of(state_->towers.begin(), state_->towers.end(),
                     [kind](const auto &tower) { return tower->kind() == kind; });
}

at::Tensor Model::media_tokens(const pack::MediaInput &input) const {
  const at::NoGradGuard no_gradient;
  return see(state_->towers, input, {}).tokens;
}

Status Model::add_lora(const LoraConfig &config, std::uint64_t seed) {
  if (auto good = check(config); !good) {
    return good;
  }
  std::vector<Linear *> layers;
  state_->for_each_linear([&](Linear &layer, Part part) {
    if (is_trained(part, config.parts) && is_meant(layer, config)) {
      layers.push_back(&layer);
    }
  });
  if (layers.empty()) {
    std::string names;
    for (const auto &target : config.targets) {
      names += (names.empty() ? "" : ", ") + target;
    }
    return Error{"no linear layer of the model is meant by: " + names, "Try all-linear, or names such as q_proj"};
  }
  std::mt19937_64 random(seed);
  for (auto *layer : layers) {
    layer->lora = blank_lora(*layer, config);
    // As PEFT: uniform within 1 / √in.
    const float limit = 1.0F / std::sqrt(static_cast<float>(layer->in()));
    float *numbers = layer->lora->a.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < layer->lora->a.numel(); ++i) {
      numbers[i] = (static_cast<float>(random() >> 40) * 0x1p-23F - 1.0F) * limit;
    }
    if (config.dora) {
      layer->lora->magnitude = row_norms(*layer);
    }
    train(*layer->lora);
  }
  state_->lora = config;
  state_->has_lora = true;
  state_->recompute_towers();
  return {};
}

Status Model::load_adapter(const std::filesystem::path &path) {
  std::vector<std::string> layers;
  state_->for_each_linear([&layers](const Linear &layer, Part) { layers.push_back(layer.name); });
  auto adapter = path.extension() == ".gguf" ? read_adapter_gguf(path, layers, state_->checkpoint) : read_adapter(path);
  if (!adapter) {
    return adapter.error();
  }
  if (auto good = check(adapter->config); !good) {
    return Error{path.string() + ": " + good.error().what, ""};
  }
  std::size_t used = 0;
  std::optional<Error> wrong;
  const auto &prefix = config().module_prefix;
  state_->for_each_linear([&](Linear &layer, Part part) {
    // Adapters name a decoder's layers as a text model's.
    const auto found = adapter->modules.find(part == Part::kDecoder && layer.name.starts_with(prefix)
                                                 ? "model." + layer.name.substr(prefix.size())
                                                 : layer.name);
    if (found == adapter->modules.end() || wrong) {
      return;
    }
    auto &module = found->second;
    LoraConfig config = adapter->config;
    config.rank = module.a.defined() ? module.a.size(0) : 0;
    config.alpha = module.alpha;
    auto lora = blank_lora(layer, config);
    if (!module.a.defined() || !module.b.defined() || module.a.sizes() != lora.a.sizes() ||
        module.b.sizes() != lora.b.sizes() || config.dora != module.magnitude.defined() ||
        (config.dora && module.magnitude.numel() != layer.out())) {
      wrong = Error{path.string() + ": the adapter of " + layer.name + " does not fit this model",
                    "Give the model that it was trained on"};
      return;
    }
    lora.a = module.a;
    lora.b = module.b;
    lora.magnitude = config.dora ? module.magnitude.reshape({layer.out()}) : at::Tensor();
    train(lora);
    layer.lora = lora;
    ++used;
  });
  if (wrong) {
    return *wrong;
  }
  if (used != adapter->modules.size()) {
    return Error{path.string() + ": " + std::to_string(adapter->modules.size() - used) +
                     " modules of the adapter are not in this model",
                 "Give the model that it was trained on"};
  }
  state_->lora = adapter->config;
  state_->has_lora = true;
  state_->recompute_towers();
  return {};
}

Status Model::save_adapter(const std::filesystem::path &folder, const std::string &base_model_name) const {
  if (!state_->has_lora) {
    return Error{"the model has no adapter to save", ""};
  }
  Adapter adapter;
  adapter.config = state_->lora;
  adapter.base_model_name = base_model_name;
  std::set<std::string> partly; // last names of layers without an adapter
  const auto last_name = [](const Linear &layer) { return layer.name.substr(layer.name.rfind('.') + 1); };
  state_->for_each_linear([&](Linear &layer, Part) {
    if (!layer.lora) {
      partly.insert(last_name(layer));
    }
  });
  std::set<std::string> names;
  state_->for_each_linear([&](Linear &layer, Part) {
    if (layer.lora) {
      // How PEFT finds the layers again: by their last name ("q_proj") where all that end so have an adapter, else
      // whole.
      names.insert(partly.contains(last_name(layer)) ? layer.name : last_name(layer));
      const auto rank = static_cast<float>(layer.lora->a.size(0));
      const float alpha = layer.lora->scale * (state_->lora.rslora ? std::sqrt(rank) : rank);
      adapter.modules[layer.name] = {layer.lora->a, layer.lora->b, layer.lora->magnitude,
                                     std::abs(alpha - state_->lora.alpha) < 1e-4F * alpha ? state_->lora.alpha : alpha};
    }
  });
  adapter.config.targets = {names.begin(), names.end()};
  return write_adapter(folder, adapter);
}

Status Model::train_weights(const TrainableConfig &config) {
  if (state_->has_lora) {
    return Error{"the model has an adapter: its weights are not trained beside it", "Merge the adapter first"};
  }
  auto trained = select_trained(state_->decoder, config);
  if (!trained) {
    return trained.error();
  }
  state_->decoder.for_each_linear(
      [&](Linear &layer) {
        if (trained->contains(layer.name + ".weight") && !layer.trained.defined()) {
          layer.trained = layer.weight.all().to(config.type).contiguous().set_requires_grad(true);
          layer.weight = Matrix();
          for (const auto &file : state_->checkpoint.files()) {
            file->forget();
          }
        }
        if (layer.bias.defined()) {
          layer.bias.set_requires_grad(trained->contains(layer.name + ".bias"));
        }
      },
      true);
  state_->decoder.for_each_norm(
      [&](Norm &norm) { norm.weight.set_requires_grad(trained->contains(norm.name + ".weight")); });
  return {};
}

Status Model::save_weights(const std::filesystem::path &folder) const {
  return write_weights(folder, state_->decoder, state_->checkpoint);
}

Status Model::load_trained(const std::filesystem::path &folder) {
  return read_trained(folder, state_->decoder, state_->checkpoint);
}

std::size_t Model::frozen_bytes() const {
  std::size_t bytes = 0;
  state_->decoder.for_each_linear(
      [&](Linear &layer) { bytes += layer.trained.defined() ? 0 : layer.weight.byte_count(); }, true);
  return bytes;
}

std::vector<Parameter> Model::parameters() const {
  std::vector<Parameter> result;
  const auto add = [&result](const std::string &name, const at::Tensor &tensor) {
    if (tensor.defined() && tensor.requires_grad()) {
      result.push_back({name, tensor});
    }
  };
  state_->for_each_linear(
      [&](Linear &layer, Part) {
        add(layer.name + ".weight", layer.trained);
        add(layer.name + ".bias", layer.bias);
        if (layer.lora) {
          add(layer.name + ".lora_A", layer.lora->a);
          add(layer.name + ".lora_B", layer.lora->b);
          add(layer.name + ".lora_magnitude_vector", layer.lora->magnitude);
        }
      },
      true);
  state_->for_each_norm([&](Norm &norm, Part) {
    add(norm.name + ".weight", norm.weight);
    add(norm.name + ".bias", norm.bias);
  });
  return result;
}

std::vector<Weight> Model::merged_weights() const {
  std::vector<Weight> result;
  state_->for_each_linear(
      [&](Linear &layer, Part) {
        const auto shape =
            layer.file_shape.empty() ? std::vector<std::int64_t>{layer.out(), layer.in()} : layer.file_shape;
        result.push_back({layer.name + ".weight", shape, [&layer, shape] { return layer.merged().reshape(shape); }});
        if (layer.bias.defined()) {
          result.push_back({layer.name + ".bias", {layer.out()}, [&layer] { return layer.bias.detach().clone(); }});
        }
      },
      true);
  const double offset = config().norm_plus_one ? 1.0 : 0.0;
  state_->for_each_norm([&](Norm &norm, Part part) {
    const double own = part == Part::kDecoder ? offset : 0.0;
    result.push_back(
        {norm.name + ".weight", norm.weight.sizes().vec(), [&norm, own] { return norm.weight.detach().sub(own); }});
    if (norm.bias.defined()) {
      result.push_back({norm.name + ".bias", norm.bias.sizes().vec(), [&norm] { return norm.bias.detach().clone(); }});
    }
  });
  return result;
}

at::Tensor Model::hidden(const PackedRow &row, const std::vector<std::int64_t> &places, const Pass &pass) const {
  if (row.media.empty()) {
    return state_->decoder.hidden(row, places, pass);
  }
  const auto media = media_states(row, state_->towers, state_->media, pass);
  return state_->decoder.hidden(row, places, pass, &media);
}

at::Tensor Model::log_probabilities(const PackedRow &row, const Pass &pass) const {
  std::vector<std::int64_t> tokens;
  for (const auto &target : row.targets) {
    if (target.token < 0 || target.token >= config().vocabulary) {
      throw std::logic_error("packed row: a target outside the vocabulary");
    }
    tokens.push_back(target.token);
  }
  if (tokens.empty()) {
    return at::zeros({0}, at::kFloat);
  }
  const auto hidden = this->hidden(row, places_of(row), pass);
  return token_log_probabilities(hidden, state_->decoder.head(), tokens, config().final_softcap);
}

at::Tensor Model::loss(const PackedRow &row, const Pass &pass) const {
  std::vector<float> weights;
  for (const auto &target : row.targets) {
    weights.push_back(-target.weight);
  }
  return log_probabilities(row, pass).mul(at::tensor(weights)).sum();
}

at::Tensor Model::logits(const PackedRow &row, const std::vector<std::int64_t> &places, const Pass &pass) const {
  const at::NoGradGuard no_gradient;
  return all_logits(hidden(row, places, pass), state_->decoder.head(), config().final_softcap);
}

at::Tensor Model::target_states(const PackedRow &row, const Pass &pass) const {
  return hidden(row, places_of(row), pass);
}

at::Tensor Model::logits_of(const at::Tensor &states) const {
  const at::NoGradGuard no_gradient;
  return all_logits(states, state_->decoder.head(), config().final_softcap);
}

LogitLossSum Model::logit_loss(const at::Tensor &states, const LogitLoss &loss) const {
  return nn::logit_loss(states, state_->decoder.head(), config().final_softcap, loss);
}

void backward(const at::Tensor &scalar) { scalar.backward(); }

void set_threads(int threads) { at::set_num_threads(threads); }

} // namespace yanxing::nn
