// GGUF files: metadata and tensors, read by ggml's own parser.
#pragma once

#include "nn/mapped_file.h"
#include "nn/stored_tensor.h"

#include "base/json.h"

#include <filesystem>
#include <memory>
#include <vector>

namespace yanxing::nn {

struct GgufFile {
  std::shared_ptr<const MappedFile> file; // keeps the tensors' bytes
  Json metadata;                          // numbers, strings and arrays of up to 4096 members (no vocabulary)
  std::vector<StoredTensor> tensors;
};

Result<GgufFile> open_gguf(const std::filesystem::path &path);

// `to`: `from`'s metadata, vocabulary included, without tensors: a few MB that make a checkpoint's tokenizer.
Status write_vocabulary(const std::filesystem::path &from, const std::filesystem::path &to);

} // namespace yanxing::nn
