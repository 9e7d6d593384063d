// A model as one GGUF file in full or half precision, as llama.cpp's converter writes it: its names, its order of rows,
// its metadata and tokenizer. Quantised types are made from such a file (llm/quantize.h).
#pragma once

#include "nn/checkpoint.h"
#include "nn/model.h"

#include <filesystem>
#include <functional>
#include <string>

namespace yanxing::convert {

struct GgufOptions {
  std::string type = "f16"; // of matrices: f32, f16, bf16; vectors are always fp32
  std::function<void(double share)> progress;
};

// The whole model, with the adapter folded in where it has one. A GGUF base keeps its metadata and tokenizer; of a
// Hugging Face folder they are made. Errors: a tokenizer that cannot be converted, a full disk.
Status write_gguf(const std::filesystem::path &file, const nn::Checkpoint &base, const nn::Model &model,
                  const GgufOptions &options);

// Metadata and tokenizer of a Hugging Face folder without weights: what llm::Vocabulary opens.
Status write_gguf_vocabulary(const std::filesystem::path &file, const nn::Checkpoint &base);

} // namespace yanxing::convert
