// An adapter as llama.cpp reads it (the layout of its convert_lora_to_gguf.py), in half precision: what training made,
// used by the same program that decides, and trained on from there.
#pragma once

#include "nn/adapter.h"
#include "nn/checkpoint.h"

#include <filesystem>
#include <string>
#include <vector>

namespace yanxing::nn {

// `base` must be the GGUF file that the adapter was trained on or for: its names and its order of rows are taken.
// Errors: DoRA and per-layer alphas, which llama.cpp does not know; a layer that the base lacks; a full disk.
Status write_adapter_gguf(const std::filesystem::path &file, const Adapter &adapter, const Checkpoint &base);

// Such a file. `layers`: those of the base that may have a part of it ("model.layers.0.self_attn.q_proj"). Errors: no
// adapter, one of another model, parts in a form that cannot be read.
Result<Adapter> read_adapter_gguf(const std::filesystem::path &file, const std::vector<std::string> &layers,
                                  const Checkpoint &base);

} // namespace yanxing::nn
