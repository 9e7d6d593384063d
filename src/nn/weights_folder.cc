#include "nn/weights_folder.h"

#include "nn/family.h"
#include "nn/gguf.h"
#include "nn/safetensors.h"

#include "base/files.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>

namespace yanxing::nn {
namespace fs = std::filesystem;
namespace {

constexpr std::uintmax_t kSmallFile = 64 << 20; // tokenizers are smaller, weights larger

Family family_of(const std::string &name) {
  for (const auto &family : all_families()) {
    if (family.name == name) {
      return family;
    }
  }
  throw std::logic_error("a model of an unknown family: " + name);
}

// "qwen3_moe" → "Qwen3MoeForCausalLM"
std::string class_of(std::string model_type) {
  if (model_type.ends_with("_text")) {
    model_type.resize(model_type.size() - 5);
  }
  std::string name;
  bool first = true;
  for (const char letter : model_type) {
    if (letter != '_') {
      name += first ? static_cast<char>(std::toupper(static_cast<unsigned char>(letter))) : letter;
    }
    first = letter == '_';
  }
  return name + "ForCausalLM";
}

// What families differ in; each takes what it knows.
void add_particulars(const DecoderConfig &config, Json &description) {
  std::int64_t window = 0;
  Json types = Json::array();
  for (const auto &layer : config.layers) {
    window = std::max(window, layer.window);
    types.push_back(layer.window > 0 ? "sliding_attention" : "full_attention");
  }
  if (window > 0) {
    description["sliding_window"] = window;
    description["layer_types"] = types;
  }
  if (config.post_norms) { // Gemma
    description["hidden_activation"] = description["hidden_act"];
    description["query_pre_attn_scalar"] = std::lround(1.0F / (config.attention_scale * config.attention_scale));
    description["attn_logit_softcapping"] = config.attention_softcap > 0 ? Json(config.attention_softcap) : Json();
    description["final_logit_softcapping"] = config.final_softcap > 0 ? Json(config.final_softcap) : Json();
  }
  if (config.experts > 0) {
    description["num_experts"] = config.experts;
    description["num_experts_per_tok"] = config.experts_per_token;
    description["moe_intermediate_size"] = config.expert_intermediate;
    description["norm_topk_prob"] = config.normalise_expert_weights;
  }
}

bool alike(const std::vector<float> &a, const std::vector<float> &b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](float x, float y) { return std::abs(x - y) <= 1e-5F * std::abs(y); });
}

bool alike(float a, float b) { return std::abs(a - b) <= 1e-5F * std::abs(b); }

// What a model read from the description would do otherwise; empty: nothing.
std::string difference(const DecoderConfig &a, const DecoderConfig &b) {
  if (a.vocabulary != b.vocabulary || a.hidden != b.hidden || a.intermediate != b.intermediate || a.heads != b.heads ||
      a.kv_heads != b.kv_heads || a.head_dim != b.head_dim || a.layers.size() != b.layers.size()) {
    return "sizes";
  }
  if (!alike(a.norm_epsilon, b.norm_epsilon) || a.qk_norm != b.qk_norm || a.post_norms != b.post_norms ||
      a.fused_qkv != b.fused_qkv || a.fused_gate_up != b.fused_gate_up || a.tied_embeddings != b.tied_embeddings ||
      a.activation != b.activation || !alike(a.attention_scale, b.attention_scale) ||
      !alike(a.attention_softcap, b.attention_softcap) || !alike(a.final_softcap, b.final_softcap) ||
      !alike(a.embedding_scale, b.embedding_scale)) {
    return "layers";
  }
  if (a.experts != b.experts || a.experts_per_token != b.experts_per_token ||
      a.expert_intermediate != b.expert_intermediate || a.normalise_expert_weights != b.normalise_expert_weights) {
    return "experts";
  }
  for (std::size_t i = 0; i < a.layers.size(); ++i) {
    const auto &rope = a.ropes[a.layers[i].rope];
    const auto &other = b.ropes[b.layers[i].rope];
    if (!alike(rope.inverse_frequencies, other.inverse_frequencies) ||
        !alike(rope.long_inverse_frequencies, other.long_inverse_frequencies) ||
        !alike(rope.attention_factor, other.attention_factor)) {
      return "rotation";
    }
    if (a.layers[i].window != b.layers[i].window || a.layers[i].sparse != b.layers[i].sparse) {
      return "windows";
    }
  }
  return "";
}

std::string dtype_of(const at::Tensor &tensor) {
  return tensor.scalar_type() == at::kBFloat16 ? "BF16" : tensor.scalar_type() == at::kHalf ? "F16" : "F32";
}

TensorToWrite of_tensor(const std::string &name, const at::Tensor &tensor) {
  return {name, dtype_of(tensor), tensor.sizes().vec(), tensor.nbytes(),
          [tensor] { return std::span(static_cast<const std::byte *>(tensor.const_data_ptr()), tensor.nbytes()); }};
}

TensorToWrite of_bytes(const std::string &name, const std::string &dtype, const StoredTensor &stored) {
  return {name, dtype, stored.shape, stored.bytes.size(), [bytes = stored.bytes] { return bytes; }};
}

// All tensors of the checkpoint to be. The decoder and the source must outlive them.
class Collection {
public:
  Collection(const Checkpoint &source, float norm_offset) : source_(source), norm_offset_(norm_offset) {}

  void add(const Linear &layer) {
    const auto name = stored_name(layer.name + ".weight");
    const auto *stored = layer.weight.stored();
    const auto dtype = stored == nullptr || source_.is_gguf() ? "" : stored->format.safetensors_name();
    if (layer.trained.defined()) {
      tensors_.push_back(of_tensor(name, layer.trained.detach()));
    } else if (!dtype.empty()) {
      tensors_.push_back(of_bytes(name, dtype, *stored));
      tensors_.back().shape = {layer.out(), layer.in()};
    } else {
      const auto size = static_cast<std::size_t>(layer.out() * layer.in()) * sizeof(float);
      tensors_.push_back({name, "F32", {layer.out(), layer.in()}, size, [this, size, &layer] {
                            // One tensor's floats at a time: the next replaces them.
                            widened_ = layer.weight.all().contiguous();
                            return std::span(static_cast<const std::byte *>(widened_.const_data_ptr()), size);
                          }});
    }
    if (layer.bias.defined()) {
      tensors_.push_back(of_tensor(stored_name(layer.name + ".bias"), layer.bias.detach()));
    }
  }

  void add(const Norm &norm) {
    auto weight = norm.weight.detach();
    tensors_.push_back(
        of_tensor(stored_name(norm.name + ".weight"), norm_offset_ == 0 ? weight : weight.sub(norm_offset_)));
  }

  // What the source has beside the decoder's weights.
  void add_rest() {
    std::set<std::string> known;
    for (const auto &tensor : tensors_) {
      known.insert(tensor.name);
    }
    for (const auto &[name, stored] : source_.tensors()) {
      const auto dtype = stored.format.safetensors_name();
      if (!dtype.empty() && !known.contains(name) && name.find(".mlp.experts.") == std::string::npos) {
        tensors_.push_back(of_bytes(name, dtype, stored));
      }
    }
  }

  [[nodiscard]] const std::vector<TensorToWrite> &tensors() const { return tensors_; }

private:
  [[nodiscard]] std::string stored_name(const std::string &name) const {
    return source_.is_gguf() ? name : source_.stored_name(name);
  }

  const Checkpoint &source_;
  float norm_offset_;
  std::vector<TensorToWrite> tensors_;
  at::Tensor widened_;
};

Status copy_small_files(const fs::path &from, const fs::path &to) {
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(from, error)) {
    const auto name = entry.path().filename().string();
    const auto ending = entry.path().extension();
    const bool weights = ending == ".safetensors" || ending == ".bin" || ending == ".pt" || ending == ".pth" ||
                         name.ends_with(".index.json");
    const bool ours = name == "config.json" || name == "trainer_state.json" || name == "args.json";
    if (!entry.is_regular_file(error) || weights || ours || entry.file_size(error) > kSmallFile) {
      continue;
    }
    fs::copy_file(entry.path(), to / name, fs::copy_options::overwrite_existing, error);
    if (error) {
      return Error{"cannot write " + (to / name).string() + ": " + error.message(), "Free some disk space"};
    }
  }
  return {};
}

} // namespace

Result<Json> describe(const DecoderConfig &config, const Json &metadata) {
  const auto family = family_of(config.family);
  const auto base = metadata.find(string_or_empty(metadata, "general.architecture") + ".rope.freq_base");
  const bool stated = base != metadata.end() && base->is_number();
  Json description = {{"architectures", {class_of(family.model_types.front())}},
                      {"model_type", family.model_types.front()},
                      {"dtype", "float32"},
                      {"vocab_size", config.vocabulary},
                      {"hidden_size", config.hidden},
                      {"intermediate_size", config.intermediate},
                      {"num_hidden_layers", config.layers.size()},
                      {"num_attention_heads", config.heads},
                      {"num_key_value_heads", config.kv_heads},
                      {"head_dim", config.head_dim},
                      {"max_position_embeddings", config.context},
                      {"rms_norm_eps", static_cast<double>(config.norm_epsilon)},
                      {"rope_theta", stated ? *base : Json(10000.0)},
                      {"hidden_act", config.activation == Activation::kSilu ? "silu" : "gelu_pytorch_tanh"},
                      {"tie_word_embeddings", config.tied_embeddings}};
  add_particulars(config, description);
  Fields fields(description, "", "config.json");
  const auto again = family.from_hf(fields);
  const auto other = fields.error() ? fields.error()->what : difference(again, config);
  if (!other.empty()) {
    return Error{"this GGUF file cannot be described in config.json (" + other + ")",
                 "Train from the model's Hugging Face folder instead"};
  }
  return description;
}

namespace {

// config.json, and what is taken off the norms' weights in such a checkpoint.
struct Description {
  Json json;
  float norm_offset = 0;
};

Result<Description> description_of(const Decoder &decoder, const Checkpoint &source) {
  if (!source.is_gguf()) {
    return Description{source.description(), decoder.config().norm_plus_one ? 1.0F : 0.0F};
  }
  auto described = describe(decoder.config(), source.description());
  if (!described) {
    return described.error();
  }
  Fields fields(*described, "", "config.json");
  const bool offset = family_of(decoder.config().family).from_hf(fields).norm_plus_one;
  return Description{*described, offset ? 1.0F : 0.0F}; // GGUF's norms have one added already
}

// Numbers of a checkpoint's tensor into one of the model.
class TrainedReader {
public:
  explicit TrainedReader(const SafetensorsFile &file) {
    for (const auto &tensor : file.tensors) {
      by_name_[tensor.name] = &tensor;
    }
  }

  void read(const std::string &name, const at::Tensor &into, float added) {
    if (!into.defined() || !into.requires_grad() || !misfit_.empty()) {
      return;
    }
    const auto found = by_name_.find(name);
    if (found == by_name_.end() || found->second->count() != into.numel()) {
      misfit_ = name;
      return;
    }
    auto numbers = at::empty(into.sizes(), at::kFloat);
    to_floats(found->second->format, found->second->bytes,
              {numbers.mutable_data_ptr<float>(), static_cast<std::size_t>(numbers.numel())});
    into.detach().copy_(numbers.add_(added));
  }
  [[nodiscard]] const std::string &misfit() const { return misfit_; }

private:
  std::map<std::string, const StoredTensor *> by_name_;
  std::string misfit_;
};

} // namespace

Status read_trained(const fs::path &folder, Decoder &decoder, const Checkpoint &source) {
  const auto whole = description_of(decoder, source);
  if (!whole) {
    return whole.error();
  }
  const auto file = open_safetensors(folder / "model.safetensors");
  if (!file) {
    return file.error();
  }
  TrainedReader reader(*file);
  const auto name = [&](const std::string &own) { return source.is_gguf() ? own : source.stored_name(own); };
  decoder.for_each_linear(
      [&](const Linear &layer) {
        reader.read(name(layer.name + ".weight"), layer.trained, 0);
        reader.read(name(layer.name + ".bias"), layer.bias, 0);
      },
      true);
  decoder.for_each_norm(
      [&](const Norm &norm) { reader.read(name(norm.name + ".weight"), norm.weight, whole->norm_offset); });
  return reader.misfit().empty() ? Status()
                                 : Status(Error{folder.string() + " holds no fitting " + reader.misfit(),
                                                "Resume with the model and the frozen parts of the run that wrote it"});
}

Status write_weights(const fs::path &folder, Decoder &decoder, const Checkpoint &source) {
  const auto whole = description_of(decoder, source);
  if (!whole) {
    return whole.error();
  }
  Collection collection(source, whole->norm_offset);
  decoder.for_each_linear([&](const Linear &layer) { collection.add(layer); }, true);
  decoder.for_each_norm([&](const Norm &norm) { collection.add(norm); });
  if (!source.is_gguf()) {
    collection.add_rest();
  }
  if (auto written = write_safetensors(folder / "model.safetensors", collection.tensors()); !written) {
    return written;
  }
  if (auto written = write_file(folder / "config.json", whole->json.dump(2) + "\n"); !written) {
    return written;
  }
  return source.is_gguf() ? write_vocabulary(source.path(), folder / "vocabulary.gguf")
                          : copy_small_files(source.path(), folder);
}

} // namespace yanxing::nn
