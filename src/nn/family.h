// One family of models: how its checkpoints describe themselves. A new family is one new file in families/ that
// defines make_NAME_family().
#pragma once

#include "nn/decoder_config.h"
#include "nn/fields.h"

#include "base/result.h"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace yanxing::nn {

class Checkpoint;
class Tower;
struct TowerOptions;

struct Family {
  std::string name;
  std::vector<std::string> model_types;   // "model_type" of config.json
  std::vector<std::string> architectures; // "general.architecture" of GGUF
  // Both may leave `family` to the caller and report what is wrong through the fields.
  DecoderConfig (*from_hf)(Fields &config) = nullptr;
  DecoderConfig (*from_gguf)(Fields &metadata) = nullptr;
  // The towers of a Hugging Face folder; null where models of this family only read.
  Result<std::vector<std::unique_ptr<Tower>>> (*towers)(const Checkpoint &, const TowerOptions &) = nullptr;
  // Where GGUF's name of a layer's part differs from the usual one: {"post_attention_layernorm", "…"}.
  std::vector<std::pair<std::string, std::string>> gguf_names;
  // llama.cpp's converter interleaves the halves of each head of q and k for this architecture.
  bool gguf_interleaved_qk = false;

  // The other way round, for export. `hf_class`: what transformers calls the model. The functions add what the family
  // has beyond the fields that all share: to config.json, given GGUF's metadata; to GGUF's values (named without the
  // architecture), given config.json's text part. `architecture` is the first of the list unless to_gguf chooses
  // another.
  std::string hf_class;
  bool hf_norms_are_offsets = false; // safetensors files keep norm weights less one (Gemma)
  void (*to_hf)(const DecoderConfig &decoder, const Json &metadata, Json &config) = nullptr;
  void (*to_gguf)(const DecoderConfig &decoder, const Json &config, std::string &architecture, Json &values) = nullptr;
};

std::vector<Family> all_families();
// The family of DecoderConfig::family. Precondition: it is one of all_families().
Family family_named(const std::string &name);

// What a GGUF file calls the tensor that Hugging Face calls `name` ("model.layers.3.self_attn.q_proj.weight"); the name
// itself where there is none.
std::string gguf_tensor_name(const Family &family, const std::string &name);

// What most families share; a family changes what it has otherwise.
DecoderConfig usual_from_hf(Fields &config);
DecoderConfig usual_from_gguf(Fields &metadata);
// "sliding_attention" or "full_attention" of each layer, as config.json lists them.
Json layer_types_of(const DecoderConfig &decoder);
// As JSON with the digits that tell it from other floats: 1e-06, not 9.99999997e-07.
Json shortest(float number);
// Windows from "layer_types" where config.json has it; true if so.
bool windows_from_layer_types(Fields &config, DecoderConfig &decoder, std::int64_t window);
// M-RoPE: how many pairs of a head turn by time, height and width ("mrope_section", else `usual`), one after the other
// or by turns.
void three_axes(Fields &config, DecoderConfig &decoder, std::array<std::int64_t, 3> usual, bool interleaved);

} // namespace yanxing::nn
