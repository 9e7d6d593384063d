// What a decoder-only transformer is made of, as plain numbers. A family (families/*.cc) fills it from a checkpoint's
// own description; the decoder knows no family. No torch here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace yanxing::nn {

// Rotary position embedding: pair i of a head's first 2·n numbers is turned by position · inverse_frequencies[i].
struct RopeConfig {
  std::vector<float> inverse_frequencies; // (n)
  // Used instead where a row reaches beyond `switch_at` positions (Phi-3's long form); empty: never.
  std::vector<float> long_inverse_frequencies;
  std::int64_t switch_at = 0;
  // M-RoPE (arXiv:2409.12191 §2.1): which of a token's three positions turns pair i; empty: all turn by the one
  // position.
  std::vector<std::uint8_t> axes; // (n)
  float attention_factor = 1.0F;  // scales cosine and sine (YaRN, arXiv:2309.00071 §3.4)
};

struct LayerConfig {
  std::int64_t window = 0; // a token sees this many tokens, itself included; 0: all before it
  std::size_t rope = 0;    // index into DecoderConfig::ropes
  bool sparse = false;     // mixture of experts instead of one MLP
};

enum class Activation { kSilu, kGeluTanh };

struct DecoderConfig {
  std::string family;
  // What transformers puts before "layers.0" in the names of this model's modules; PEFT's files name these.
  std::string module_prefix = "model.";
  std::int64_t vocabulary = 0;
  std::int64_t hidden = 0;
  std::int64_t intermediate = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t context = 0; // tokens it was trained for
  std::vector<LayerConfig> layers;
  std::vector<RopeConfig> ropes;

  float norm_epsilon = 1e-6F;
  bool norm_plus_one = false; // stored norm weights are offsets from one (Gemma)
  bool qk_norm = false;       // RMSNorm over each head of queries and keys
  bool post_norms = false;    // further norms after attention and MLP, before the residual is added (Gemma)
  bool fused_qkv = false;     // one matrix for q, k, v (Phi-3)
  bool fused_gate_up = false; // one matrix for gate and up (Phi-3)
  bool tied_embeddings = false;
  Activation activation = Activation::kSilu;
  float attention_scale = 0.0F;
  float attention_softcap = 0.0F; // 0: none
  float final_softcap = 0.0F;     // 0: none
  float embedding_scale = 1.0F;

  std::int64_t experts = 0;
  std::int64_t experts_per_token = 0;
  std::int64_t expert_intermediate = 0;
  bool normalise_expert_weights = true; // the chosen experts' weights add up to one
};

} // namespace yanxing::nn
