// A decoder-only transformer in memory: weights and the forward pass over a packed row. What differs between families
// is in DecoderConfig.
#pragma once

#include "nn/checkpoint.h"
#include "nn/decoder_config.h"
#include "nn/keeping.h"
#include "nn/linear.h"
#include "nn/packed_row.h"
#include "nn/weight_reader.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::nn {

struct Mlp {
  std::optional<Linear> gate_up; // both in one, else the next two
  Linear gate;
  Linear up;
  Linear down;
};

struct Layer {
  Norm attention_norm;
  Norm mlp_norm;
  Norm after_attention; // post_norms only
  Norm after_mlp;
  Norm q_norm; // qk_norm only
  Norm k_norm;
  std::optional<Linear> qkv; // all in one, else the next three
  Linear q;
  Linear k;
  Linear v;
  Linear o;
  Mlp mlp;                  // dense layers
  Linear router;            // sparse layers
  std::vector<Mlp> experts; // sparse layers
};

// What towers made of a row's pictures and sounds.
struct MediaStates {
  std::vector<std::int64_t> places; // in the row, rising
  at::Tensor tokens;                // (places, hidden): stand there instead of embeddings
  std::vector<at::Tensor> levels;   // (places, hidden) each: added after the first layers (DeepStack, arXiv:2406.04334)
};

class Decoder {
public:
  // Errors name the tensor that is missing or does not fit.
  static Result<Decoder> load(const Checkpoint &checkpoint, const LoadOptions &options);

  // Hidden states after the final norm, at the given places of the row: (places, hidden). `media` is null where the row
  // holds none.
  [[nodiscard]] at::Tensor hidden(const PackedRow &row, const std::vector<std::int64_t> &places, const Pass &pass,
                                  const MediaStates *media = nullptr) const;
  [[nodiscard]] const Linear &head() const { return config_.tied_embeddings ? embedding_ : head_; }
  [[nodiscard]] const DecoderConfig &config() const { return config_; }

  // Recompute each layer in the backward pass instead of keeping its activations (arXiv:1604.06174).
  void recompute_layers(bool on) { recompute_ = on; }
  // How what the backward pass needs is kept; what goes from layer to layer is rounded to it.
  void keep_activations(at::ScalarType type) { kept_ = type; }

  // Linear layers within the transformer's layers, in order; with the head, embedding and routers for `whole`.
  void for_each_linear(const std::function<void(Linear &)> &visit, bool whole = false);
  void for_each_norm(const std::function<void(Norm &)> &visit);

private:
  [[nodiscard]] at::Tensor embed(const std::vector<std::int64_t> &tokens, const Pass &pass) const;
  // Below it nothing is trained, so that nothing has to be kept for gradients.
  [[nodiscard]] std::size_t first_learning_layer() const;

  DecoderConfig config_;
  Linear embedding_; // (vocabulary, hidden); never "applied" unless it is the head too
  Linear head_;
  Norm norm_;
  std::vector<Layer> layers_;
  bool recompute_ = false;
  at::ScalarType kept_ = at::kFloat;
};

} // namespace yanxing::nn
