#include "nn/memory_plan.h"

#include "nn/checkpoint.h"
#include "nn/family.h"
#include "nn/galore.h"
#include "nn/nf4.h"
#include "nn/rounding.h"
#include "nn/trainable.h"

#include "base/files.h"

#include <algorithm>
#include <set>

namespace yanxing::nn {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kFloat = 4;
constexpr std::int64_t kWidened = 16 << 20;    // a part of a weight in floats (matrix.h)
constexpr std::int64_t kHeadSlice = 4096;      // of the vocabulary (head.cc)
constexpr std::int64_t kProgram = 230'000'000; // measured: a program that has loaded libtorch and a tokenizer

void add_mlp(std::vector<WeightShape> &weights, const std::string &name, std::int64_t hidden, std::int64_t inner,
             bool fused) {
  if (fused) {
    weights.push_back({name + ".gate_up_proj.weight", {2 * inner, hidden}, true});
  } else {
    weights.push_back({name + ".gate_proj.weight", {inner, hidden}, true});
    weights.push_back({name + ".up_proj.weight", {inner, hidden}, true});
  }
  weights.push_back({name + ".down_proj.weight", {hidden, inner}, true});
}

std::int64_t nf4_bytes(std::int64_t numbers, bool twice) {
  const auto blocks = (numbers + Nf4::kBlock - 1) / Nf4::kBlock;
  const auto scales = (blocks + Nf4::kScaleBlock - 1) / Nf4::kScaleBlock;
  return (numbers + 1) / 2 + (twice ? blocks + kFloat * scales : kFloat * blocks);
}

bool adapts(const WeightShape &weight, const LoraConfig &config) {
  if (!weight.linear) {
    return false;
  }
  const auto layer = weight.name.substr(0, weight.name.size() - std::string_view(".weight").size());
  const bool expert = layer.find(".experts.") != std::string::npos;
  return std::any_of(config.targets.begin(), config.targets.end(), [&](const std::string &target) {
    return target == "all-linear" ? !expert : layer == target || layer.ends_with("." + target);
  });
}

// What is kept of a layer for its backward pass, and what that needs besides while the MLP is at work, which is where a
// layer's memory is largest.
struct LayerMemory {
  std::int64_t kept = 0;
  std::int64_t at_work = 0;
};

LayerMemory layer_memory(const MemoryQuestion &question) {
  const auto &config = question.config;
  const auto half = bytes_of(question.model.kept);
  const auto h = config.hidden;
  const auto q = config.heads * config.head_dim;
  const auto kv = config.kv_heads * config.head_dim;
  const bool sparse = config.experts > 0;
  const auto i = sparse ? config.expert_intermediate * config.experts_per_token : config.intermediate;
  LayerMemory memory;
  memory.kept = question.tokens * (kFloat * h                  // what the first norm sees
                                   + half * h                  // what q, k and v see
                                   + kFloat * (q + 2 * kv + q) // q, k turned; v; what attention gives
                                   + half * q                  // what o sees
                                   + kFloat * h                // what the second norm sees
                                   + half * h                  // what gate and up see
                                   + half * 3 * i);            // gate, up, what down sees
  // The gradients of the product, of gate and up, and one in between; in half precision also gate and up widened.
  memory.at_work =
      question.tokens * (kFloat * 2 * h + kFloat * 4 * i - half * i + (half < kFloat ? kFloat * 2 * i : 0));
  return memory;
}

// Hidden states of the supervised places, their gradient, a slice of the vocabulary and its logits.
std::int64_t head_memory(const MemoryQuestion &question) {
  const auto slice = std::min(kHeadSlice, question.config.vocabulary);
  return kFloat * (question.supervised * (5 * question.config.hidden + 3 * slice) + slice * question.config.hidden);
}

// What the step on one matrix needs besides the matrix, its gradient and state.
std::int64_t step_memory(const MemoryQuestion &question, const std::string &name,
                         const std::vector<std::int64_t> &shape, std::int64_t bytes) {
  constexpr std::int64_t kDouble = 8;
  const auto count = count_of(shape);
  auto needed = bytes < kFloat ? 2 * kFloat * count : 0; // value and gradient in fp32
  const auto smaller = shape.size() == 2 ? std::min(shape[0], shape[1]) : 0;
  if (question.optimizer.galore && galore_takes(*question.optimizer.galore, name, shape)) {
    needed += kDouble * (count + 3 * smaller * smaller); // the gradient in double, its Gram matrix, the vectors
  } else if (question.optimizer.name == "adafactor") {
    needed += 2 * kFloat * count;
  } else if (question.optimizer.name == "muon") {
    needed += 3 * kFloat * count + 2 * kFloat * smaller * smaller;
  }
  return needed;
}

} // namespace

std::vector<WeightShape> weight_shapes(const DecoderConfig &config) {
  const auto q = config.heads * config.head_dim;
  const auto kv = config.kv_heads * config.head_dim;
  std::vector<WeightShape> weights{{"model.embed_tokens.weight", {config.vocabulary, config.hidden}}};
  for (std::size_t i = 0; i < config.layers.size(); ++i) {
    const auto name = "model.layers." + std::to_string(i);
    if (config.fused_qkv) {
      weights.push_back({name + ".self_attn.qkv_proj.weight", {q + 2 * kv, config.hidden}, true});
    } else {
      weights.push_back({name + ".self_attn.q_proj.weight", {q, config.hidden}, true});
      weights.push_back({name + ".self_attn.k_proj.weight", {kv, config.hidden}, true});
      weights.push_back({name + ".self_attn.v_proj.weight", {kv, config.hidden}, true});
    }
    weights.push_back({name + ".self_attn.o_proj.weight", {config.hidden, q}, true});
    if (config.layers[i].sparse) {
      weights.push_back({name + ".mlp.gate.weight", {config.experts, config.hidden}});
      for (std::int64_t expert = 0; expert < config.experts; ++expert) {
        add_mlp(weights, name + ".mlp.experts." + std::to_string(expert), config.hidden, config.expert_intermediate,
                false);
      }
    } else {
      add_mlp(weights, name + ".mlp", config.hidden, config.intermediate, config.fused_gate_up);
    }
    weights.push_back({name + ".input_layernorm.weight", {config.hidden}});
    weights.push_back({name + ".post_attention_layernorm.weight", {config.hidden}});
  }
  weights.push_back({"model.norm.weight", {config.hidden}});
  if (!config.tied_embeddings) {
    weights.push_back({"lm_head.weight", {config.vocabulary, config.hidden}});
  }
  return weights;
}

Result<MemoryPlan> plan_memory(const MemoryQuestion &question) {
  const auto kind = find_optimizer(question.optimizer.name);
  if (!kind) {
    return kind.error();
  }
  const auto weights = weight_shapes(question.config);
  std::set<std::string> trained;
  if (question.full) {
    std::vector<WeightSize> sizes;
    for (const auto &weight : weights) {
      sizes.push_back({weight.name, count_of(weight.shape)});
    }
    auto selected = select_trained(sizes, question.trainable);
    if (!selected) {
      return selected.error();
    }
    trained = std::move(*selected);
  }
  MemoryPlan plan;
  std::int64_t largest_gradient = 0;
  std::int64_t largest_step = 0;
  const auto train = [&](const std::string &name, const std::vector<std::int64_t> &shape, std::int64_t bytes) {
    const auto count = count_of(shape);
    plan.trained += count;
    plan.trained_weights += bytes * count;
    plan.gradients += bytes * count;
    plan.optimizer += optimizer_state_bytes(*kind, question.optimizer, name, shape);
    largest_gradient = std::max(largest_gradient, bytes * count);
    largest_step = std::max(largest_step, step_memory(question, name, shape, bytes));
  };
  std::size_t first_layer = question.config.layers.size(); // the first that learns
  for (const auto &weight : weights) {
    const auto count = count_of(weight.shape);
    plan.numbers += count;
    static constexpr std::string_view kLayers = "model.layers.";
    const bool learns = question.full ? trained.contains(weight.name) : adapts(weight, question.lora);
    if (learns) {
      first_layer =
          std::min(first_layer, weight.name.starts_with(kLayers) ? std::stoul(weight.name.substr(kLayers.size()))
                                : weight.name == "model.embed_tokens.weight" ? 0
                                                                             : first_layer);
    }
    if (question.full && learns) {
      train(weight.name, weight.shape, weight.shape.size() == 2 ? bytes_of(question.trainable.type) : kFloat);
      continue;
    }
    if (question.model.nf4 && weight.linear) {
      plan.frozen_weights += nf4_bytes(count, question.model.double_quantization);
    } else if (weight.shape.size() == 2 && question.stored) {
      plan.frozen_weights += question.stored(weight.name);
    } else {
      const double own = weight.shape.size() == 1 ? 4.0 : question.stored_bytes;
      const auto most = static_cast<double>(bytes_of(question.model.kept));
      plan.frozen_weights += static_cast<std::int64_t>(static_cast<double>(count) * (own > most ? most : own));
    }
    if (learns) {
      train(weight.name + ".lora_A", {question.lora.rank, weight.shape[1]}, kFloat);
      train(weight.name + ".lora_B", {weight.shape[0], question.lora.rank}, kFloat);
      if (question.lora.dora) {
        train(weight.name + ".lora_magnitude_vector", {weight.shape[0]}, kFloat);
      }
    }
  }
  if (plan.trained == 0) {
    return Error{"nothing is trained", "Look at --target_modules"};
  }
  if (question.step_in_backward) {
    plan.gradients = largest_gradient;
  }
  const auto layers = static_cast<std::int64_t>(question.config.layers.size() - first_layer);
  const auto layer = layer_memory(question);
  const auto across = question.tokens * question.config.hidden * bytes_of(question.model.kept);
  plan.kept_activations = layers * (question.recompute ? across : layer.kept);
  auto backward = kWidened + std::max(head_memory(question), layer.at_work + (question.recompute ? layer.kept : 0));
  // Gradients of the embedding as input and as head are made apart and then added.
  if (trained.contains("model.embed_tokens.weight") && question.config.tied_embeddings) {
    backward += question.config.vocabulary * question.config.hidden * bytes_of(question.trainable.type);
  }
  plan.working = question.step_in_backward ? backward + largest_step : std::max(backward, largest_step);
  plan.program = kProgram;
  return plan;
}

Result<DecoderConfig> read_description(const fs::path &path, double &bytes) {
  std::error_code error;
  if (path.extension() == ".gguf") {
    const auto checkpoint = Checkpoint::open(path);
    return checkpoint ? Result<DecoderConfig>(checkpoint->config()) : checkpoint.error();
  }
  const auto file = fs::is_directory(path, error) ? path / "config.json" : path;
  const auto whole = read_json_file(file);
  if (!whole) {
    return whole.error();
  }
  const auto inner = whole->is_object() ? whole->find("text_config") : whole->end();
  const Json &description = whole->is_object() && inner != whole->end() && inner->is_object() ? *inner : *whole;
  const auto type = string_or_empty(description, "model_type");
  for (const auto &family : all_families()) {
    if (std::find(family.model_types.begin(), family.model_types.end(), type) == family.model_types.end()) {
      continue;
    }
    Fields fields(description, "", file.string());
    auto config = family.from_hf(fields);
    if (fields.error()) {
      return *fields.error();
    }
    config.family = family.name;
    auto dtype = string_or_empty(description, "dtype");
    dtype = dtype.empty() ? string_or_empty(description, "torch_dtype") : dtype;
    bytes = dtype == "float32" ? 4 : 2;
    return config;
  }
  return Error{file.string() + ": models of the type '" + type + "' are not known",
               "Give a config.json of a text model"};
}

} // namespace yanxing::nn
