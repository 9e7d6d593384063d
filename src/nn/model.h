// The training engine's front door. A recipe needs this header, packed_row.h and optimizer.h:
//
//   auto model = nn::Model::load(path, {});                // HF folder or .gguf; weights stay in the file, frozen
//   (*model)->add_lora({.rank = 8, .alpha = 32}, seed);     // or load_adapter(path)
//   auto optimizer = nn::Optimizer::make((*model)->parameters(), {}); // adamw_torch; see optimizers/
//   for (…) {
//     for (each row of the batch) {
//       auto loss = (*model)->loss(row, {.training = true, .dropout_seed = …}); // −Σ weight · log p
//       nn::backward(loss / tokens);                        // adds to the parameters' gradients
//     }
//     optimizer->clip(1.0F);
//     optimizer->step(schedule.at(step));
//     optimizer->zero();
//   }
//   (*model)->save_adapter(folder, name);
//
// Instead of an adapter the weights themselves: train_weights({}) and save_weights(folder).
//
// log_probabilities() gives one log p for each target of the row, with gradient: DPO, KTO and GRPO are sums over these
// (Target::sample says whose they are), and pass.adapter = false gives the frozen reference's. Nothing makes a tensor
// of all logits: memory grows with the targets' number times a slice of the vocabulary.
//
// Gradients belong to autograd's graph until backward() has run; the model must outlive it. One caller at a time; the
// number of threads is the process's (set_threads). Everything is computed in fp32 on the CPU; what is kept may be in
// half precision (ModelOptions::kept). A row that breaks packed_row.h's rules throws std::logic_error.
#pragma once

#include "nn/decoder_config.h"
#include "nn/head.h"
#include "nn/linear.h"
#include "nn/packed_row.h"

#include "base/json.h"
#include "base/result.h"
#include "pack/media_input.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace yanxing::nn {

class Decoder;

// ms-swift's three parts of a model with towers: --freeze_llm, --freeze_vit, --freeze_aligner turn them off. Text
// models are all decoder.
struct TrainedParts {
  bool decoder = true;
  bool tower = false;   // sees or hears
  bool aligner = false; // fits what it makes to the decoder
};

// A picture's or sound's numbers, when a row that holds it is computed; called again for each row.
using MediaReader = std::function<Result<pack::MediaInput>(std::int64_t source)>;

struct LoraConfig {
  std::int64_t rank = 8;
  float alpha = 32.0F;
  float dropout = 0.0F;
  bool rslora = false; // scale alpha / √rank instead of alpha / rank (arXiv:2312.03732)
  bool dora = false;
  // Names or endings of names ("q_proj", "self_attn.o_proj"); "all-linear": every linear layer but head, routers,
  // experts.
  std::vector<std::string> targets = {"all-linear"};
  TrainedParts parts = {};
};

// Something that is trained. `name` is Hugging Face's ("model.layers.0.self_attn.q_proj.lora_A").
struct Parameter {
  std::string name;
  at::Tensor tensor; // fp32 leaf; its gradient is tensor.grad()
};

// A weight of the whole model with the adapter folded in, for export.
struct Weight {
  std::string name; // "model.layers.0.self_attn.q_proj.weight"
  std::vector<std::int64_t> shape;
  std::function<at::Tensor()> make; // fp32, made when asked for
};

struct ModelOptions {
  bool as_stored = true;      // false: fp32 in memory from the start (faster by a few percent, much larger)
  bool train_weights = false; // full fine-tuning of all of them
  // bfloat16 or float16: frozen fp32 matrices, and what the backward pass needs, are kept in it. Computing stays in
  // fp32, which is faster than these on a CPU without AVX512-BF16.
  at::ScalarType kept = at::kFloat;
  // QLoRA's NF4 for linear layers that the file has in floats; embedding, head and routers stay as they are.
  bool nf4 = false;
  bool double_quantization = true;
};

// Which weights full fine-tuning trains. Names are Hugging Face's ("model.layers.3.mlp.up_proj.weight"), as is the
// order: embedding, layers, norm, head.
struct TrainableConfig {
  double frozen_ratio = 0;                 // from the beginning on, until so large a share of all numbers is frozen
  std::vector<std::string> frozen = {};    // beginnings of names that are frozen
  std::string frozen_pattern = {};         // a regular expression that is found in names that are frozen
  std::vector<std::string> trainable = {}; // beginnings of names that are trained all the same
  // Trained matrices and their gradients are held in it; norms and biases always in fp32.
  at::ScalarType type = at::kFloat;
};

class Model {
public:
  static Result<std::unique_ptr<Model>> load(const std::filesystem::path &path, const ModelOptions &options = {});
  ~Model();
  Model(const Model &) = delete;
  Model &operator=(const Model &) = delete;

  [[nodiscard]] const DecoderConfig &config() const;
  [[nodiscard]] const Json &description() const; // config.json or GGUF's metadata

  // A fresh adapter: A random by `seed`, B zero, so that the model starts as it was. Error: no layer has such a name.
  Status add_lora(const LoraConfig &config, std::uint64_t seed);
  // The folder of PEFT's adapter_config.json and adapter_model.safetensors, or, over a GGUF file, llama.cpp's adapter.
  Status load_adapter(const std::filesystem::path &path);
  Status save_adapter(const std::filesystem::path &folder, const std::string &base_model_name) const;

  // Full fine-tuning. Error: nothing is left to train, or the model has an adapter.
  Status train_weights(const TrainableConfig &config);
  // A whole checkpoint: config.json, model.safetensors with trained weights and frozen ones as they are, and what else
  // the model's folder holds (tokenizer). Of a GGUF file its vocabulary instead, as vocabulary.gguf.
  Status save_weights(const std::filesystem::path &folder) const;
  // Trained weights as save_weights() wrote them. Error: not of this model and selection.
  Status load_trained(const std::filesystem::path &folder);
  [[nodiscard]] bool has_adapter() const;

  // Rows with media ask this for what their towers take; a row whose media cannot be read throws std::runtime_error
  // with what the reader said.
  void set_media_reader(MediaReader reader);
  [[nodiscard]] bool takes(pack::MediaInput::Kind kind) const; // whether a tower is there for it
  // What stands in a row instead of embeddings: (tokens, hidden), without gradient.
  [[nodiscard]] at::Tensor media_tokens(const pack::MediaInput &input) const;

  [[nodiscard]] std::vector<Parameter> parameters() const;
  // Bytes of all frozen weights as they are kept.
  [[nodiscard]] std::size_t frozen_bytes() const;
  [[nodiscard]] std::vector<Weight> merged_weights() const;

  // log p of each target of the row: (targets)
  [[nodiscard]] at::Tensor log_probabilities(const PackedRow &row, const Pass &pass = {}) const;
  // −Σ weight · log p over the row's targets: a scalar. Divide by what the recipe averages over.
  [[nodiscard]] at::Tensor loss(const PackedRow &row, const Pass &pass = {}) const;
  // All logits at the given places, without gradient: (places, vocabulary).
  [[nodiscard]] at::Tensor logits(const PackedRow &row, const std::vector<std::int64_t> &places,
                                  const Pass &pass = {}) const;

  // For losses of whole distributions: what the head turns into logits at each target's place, (targets, hidden), with
  // gradient; their logits, without one; and a loss of these (head.h).
  [[nodiscard]] at::Tensor target_states(const PackedRow &row, const Pass &pass = {}) const;
  [[nodiscard]] at::Tensor logits_of(const at::Tensor &states) const;
  [[nodiscard]] LogitLossSum logit_loss(const at::Tensor &states, const LogitLoss &loss) const;

  // Keep only each layer's input and compute the layer again in the backward pass: a third more time, far less memory.
  void recompute_layers(bool on);

private:
  Model();
  [[nodiscard]] at::Tensor hidden(const PackedRow &row, const std::vector<std::int64_t> &places,
                                  const Pass &pass) const;
  struct State;
  std::unique_ptr<State> state_;
};

// Adds ∂scalar/∂parameter to every parameter's gradient.
void backward(const at::Tensor &scalar);
// Threads of all tensor operations of the process.
void set_threads(int threads);

} // namespace yanxing::nn
