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
};

std::vector<Family> all_families();

// What most families share; a family changes what it has otherwise.
DecoderConfig usual_from_hf(Fields &config);
DecoderConfig usual_from_gguf(Fields &metadata);
// Windows from "layer_types" where config.json has it; true if so.
bool windows_from_layer_types(Fields &config, DecoderConfig &decoder, std::int64_t window);
// M-RoPE: how many pairs of a head turn by time, height and width ("mrope_section", else `usual`), one after the other
// or by turns.
void three_axes(Fields &config, DecoderConfig &decoder, std::array<std::int64_t, 3> usual, bool interleaved);

} // namespace yanxing::nn
