// A frozen matrix, kept dense in fp32 or as the file has it (half precision or quantised blocks). Stored ones are
// turned into floats part by part while they are used, so that a model takes little more memory than its file, whose
// pages are shared with whoever else maps it.
#pragma once

#include "nn/mapped_file.h"
#include "nn/stored_tensor.h"

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

namespace yanxing::nn {

class Matrix {
public:
  Matrix() = default;
  explicit Matrix(at::Tensor dense); // (rows, columns) fp32
  // `owner` keeps the bytes. Precondition: a readable format whose bytes fit the shape.
  Matrix(StoredTensor stored, std::shared_ptr<const void> owner);

  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] std::int64_t columns() const { return columns_; }
  [[nodiscard]] bool is_dense() const { return dense_.defined(); }
  [[nodiscard]] std::size_t byte_count() const;

  // Rows that are worth turning into floats at once: all where dense, else about 16 MB's.
  [[nodiscard]] std::int64_t rows_at_once() const;
  [[nodiscard]] at::Tensor part(std::int64_t begin, std::int64_t end) const; // (end − begin, columns) fp32
  [[nodiscard]] at::Tensor all() const { return part(0, rows_); }
  [[nodiscard]] at::Tensor gather(const std::vector<std::int64_t> &rows) const; // (rows, columns) fp32

private:
  at::Tensor dense_;
  StoredTensor stored_;
  std::shared_ptr<const void> owner_;
  std::int64_t rows_ = 0;
  std::int64_t columns_ = 0;
};

} // namespace yanxing::nn
