// Safetensors: 8 bytes of header length, a JSON header {name: {dtype, shape, data_offsets}}, then the numbers.
#pragma once

#include "nn/mapped_file.h"
#include "nn/stored_tensor.h"

#include "base/json.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace yanxing::nn {

struct SafetensorsFile {
  std::shared_ptr<const MappedFile> file; // keeps the tensors' bytes
  std::vector<StoredTensor> tensors;      // floats only; tensors of other whole numbers than bytes are left out
  std::vector<StoredTensor> bytes;        // U8: codes, whose format is unsupported as numbers
  std::map<std::string, std::string> metadata;
};

// Every offset of the header is checked against the file.
Result<SafetensorsFile> open_safetensors(const std::filesystem::path &path);

struct TensorToWrite {
  std::string name;
  std::string dtype; // "F32", "F16", "BF16", "U8", …
  std::vector<std::int64_t> shape;
  std::size_t byte_count = 0;
  // Called once, in order, so that a large checkpoint needs one tensor's memory at a time. The bytes must stay valid
  // until the next call.
  std::function<std::span<const std::byte>()> bytes;
};

// Atomic: a reader sees the old file or the whole new one.
Status write_safetensors(const std::filesystem::path &path, const std::vector<TensorToWrite> &tensors,
                         const std::map<std::string, std::string> &metadata = {{"format", "pt"}});

} // namespace yanxing::nn
