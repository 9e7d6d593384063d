// A frozen matrix: dense in fp32, as the file has it (half precision or quantised blocks), or in four bits (nf4.h). All
// but dense ones are turned into floats part by part while they are used, so that a model takes little more memory
// than its file, whose pages are shared with whoever else maps it.
#pragma once

#include "nn/mapped_file.h"
#include "nn/nf4.h"
#include "nn/stored_tensor.h"

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

namespace yanxing::nn {

// Rows that are worth turning into floats at once: about 16 MB's.
std::int64_t rows_worth_widening(std::int64_t rows, std::int64_t columns);

class Matrix {
public:
  Matrix() = default;
  explicit Matrix(at::Tensor dense); // (rows, columns) fp32
  // `owner` keeps the bytes. Precondition: a readable format whose bytes fit the shape.
  Matrix(StoredTensor stored, std::shared_ptr<const void> owner);
  Matrix(std::shared_ptr<const Nf4> nf4, std::int64_t rows, std::int64_t columns);

  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] std::int64_t columns() const { return columns_; }
  [[nodiscard]] bool is_dense() const { return dense_.defined(); }
  [[nodiscard]] bool is_nf4() const { return nf4_ != nullptr; }
  [[nodiscard]] std::size_t byte_count() const;
  // As the file has it; null where it is kept otherwise.
  [[nodiscard]] const StoredTensor *stored() const;

  // The same numbers in four bits, or rounded to bfloat16 or float16, in memory of their own.
  [[nodiscard]] Matrix in_nf4(bool double_quantization) const;
  [[nodiscard]] Matrix in_half(at::ScalarType type) const;

  // Rows that are worth turning into floats at once: all where dense.
  [[nodiscard]] std::int64_t rows_at_once() const;
  [[nodiscard]] at::Tensor part(std::int64_t begin, std::int64_t end) const; // (end − begin, columns) fp32
  [[nodiscard]] at::Tensor all() const { return part(0, rows_); }
  [[nodiscard]] at::Tensor gather(const std::vector<std::int64_t> &rows) const; // (rows, columns) fp32

private:
  // Rows from `row` on; not for dense ones.
  void widen(std::int64_t row, std::span<float> out) const;

  at::Tensor dense_;
  StoredTensor stored_;
  std::shared_ptr<const void> owner_;
  std::shared_ptr<const Nf4> nf4_;
  std::int64_t rows_ = 0;
  std::int64_t columns_ = 0;
};

} // namespace yanxing::nn
