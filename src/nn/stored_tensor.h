// A tensor as it lies in a checkpoint's file: where its bytes are and how they are to be read. No torch here.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace yanxing::nn {

// How rows of numbers are stored: a ggml type, or one of the float types that only safetensors has.
struct Format {
  enum Kind : std::int32_t { kGgml, kF64, kF8E4M3, kF8E5M2, kUnsupported };
  Kind kind = kUnsupported;
  int ggml = -1; // enum ggml_type where kind is kGgml

  static Format f32();
  static Format of_ggml(int type);
  // Safetensors' name ("BF16"); kUnsupported for those that are no floats.
  static Format of_safetensors(std::string_view name);

  [[nodiscard]] bool readable() const; // can be turned into floats
  [[nodiscard]] bool quantised() const;
  [[nodiscard]] std::string name() const;
  // As of_safetensors() takes it; empty where safetensors has no such type.
  [[nodiscard]] std::string safetensors_name() const;
  // Bytes of a row of `columns` numbers; an error where they are no whole number of blocks.
  [[nodiscard]] Result<std::size_t> row_bytes(std::int64_t columns) const;
};

struct StoredTensor {
  std::string name;
  Format format;
  std::vector<std::int64_t> shape; // outermost first, as torch writes it
  std::span<const std::byte> bytes;

  [[nodiscard]] std::int64_t count() const;
  [[nodiscard]] std::int64_t columns() const { return shape.empty() ? 1 : shape.back(); }
  [[nodiscard]] std::int64_t rows() const { return columns() == 0 ? 0 : count() / columns(); }
};

// Rows [begin, begin + out.size() / columns) as floats. Precondition: format.readable(), the rows exist.
void to_floats(const StoredTensor &tensor, std::int64_t begin, std::span<float> out);
void to_floats(Format format, std::span<const std::byte> bytes, std::span<float> out);

} // namespace yanxing::nn
