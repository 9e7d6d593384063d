// A model as a Hugging Face folder: config.json, safetensors in shards with their index, the tokenizer's files.
#pragma once

#include "nn/checkpoint.h"
#include "nn/model.h"
#include "nn/safetensors.h"

#include "base/json.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace yanxing::convert {

struct HfOptions {
  // "float32", "float16" or "bfloat16"; empty: each tensor as the base has it, float16 where that is quantised.
  std::string dtype;
  std::uint64_t shard_bytes = 5'000'000'000;
  std::function<void(double share)> progress;
};

// The whole model, with the adapter folded in where it has one. `folder` exists and is empty; `base` is what `model`
// was loaded from. Errors: full disk; what config.json cannot express.
Status write_hf_folder(const std::filesystem::path &folder, const nn::Checkpoint &base, const nn::Model &model,
                       const HfOptions &options);

// Its parts, for those who write other tensors.

// model.safetensors, or several with model.safetensors.index.json. The tensors are asked for once, in file order.
Status write_shards(const std::filesystem::path &folder, std::vector<nn::TensorToWrite> tensors,
                    const HfOptions &options);
// config.json of the base, made from the metadata where that is a GGUF file.
Result<Json> config_of(const nn::Checkpoint &base);
// States the type of the numbers where transformers looks for it.
void set_dtype(Json &config, const std::string &dtype);
// Tokenizer, chat template, generation settings, processors: copied, or made from a GGUF file's metadata.
Status write_companions(const std::filesystem::path &folder, const nn::Checkpoint &base);
// Tensors of the base that are none of the decoder's (a vision tower), as they are. `base` must outlive them.
std::vector<nn::TensorToWrite> other_tensors(const nn::Checkpoint &base, const std::vector<nn::Weight> &weights);
// The weight as the folder has it, in "F32", "F16" or "BF16": Gemma's norms are stored less one. `last` is one for all
// tensors of a folder: it keeps the numbers of the tensor that was asked for last.
nn::TensorToWrite tensor_of(const nn::Weight &weight, const nn::Checkpoint &base, const std::string &dtype,
                            const std::shared_ptr<at::Tensor> &last);

} // namespace yanxing::convert
