// How much memory a training run takes, computed from the model's description alone, before a weight is read. What it
// says is what this engine holds at the highest point of a step: each term names the tensors that it counts. A measured
// run is held against it in tests/nn/memory_plan_test.cc and docs/RESULTS.md.
#pragma once

#include "nn/decoder_config.h"
#include "nn/model.h"
#include "nn/optimizer.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace yanxing::nn {

// A weight as the description says.
struct WeightShape {
  std::string name;                // "model.layers.0.mlp.up_proj.weight"
  std::vector<std::int64_t> shape; // one number for norms
  bool linear = false;             // of a layer: what adapters and NF4 take
};
// In Hugging Face's order. Biases, which are few, are left out.
std::vector<WeightShape> weight_shapes(const DecoderConfig &config);

struct MemoryQuestion {
  DecoderConfig config;
  bool full = false; // else an adapter
  LoraConfig lora;
  TrainableConfig trainable;
  ModelOptions model;
  OptimizerConfig optimizer;
  bool recompute = true;
  bool step_in_backward = false;
  std::int64_t tokens = 2048;    // of a row
  std::int64_t supervised = 512; // of them
  // Bytes that a frozen weight takes as the file has it; empty: `stored_bytes` a number.
  std::function<std::int64_t(const std::string &name)> stored;
  double stored_bytes = 2;
};

// Bytes.
struct MemoryPlan {
  std::int64_t numbers = 0; // of the model, no bytes
  std::int64_t trained = 0; // numbers that are trained
  std::int64_t frozen_weights = 0;
  std::int64_t trained_weights = 0;
  std::int64_t gradients = 0;
  std::int64_t optimizer = 0;
  std::int64_t kept_activations = 0; // from forward to backward
  std::int64_t working = 0;          // of the layer at work, the head's slice, or the optimizer's step: the largest
  std::int64_t program = 0;          // libtorch's code and what every process has
  [[nodiscard]] std::int64_t total() const {
    return frozen_weights + trained_weights + gradients + optimizer + kept_activations + working + program;
  }
};

// Error: an optimizer that is not known; nothing to train.
Result<MemoryPlan> plan_memory(const MemoryQuestion &question);

// A model's description: a folder with config.json, such a file itself, or GGUF's metadata. `bytes` becomes the bytes a
// number of its weights has, as far as config.json says (else 2).
Result<DecoderConfig> read_description(const std::filesystem::path &path, double &bytes);

} // namespace yanxing::nn
