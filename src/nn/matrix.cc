#include "nn/matrix.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

namespace yanxing::nn {
namespace {

constexpr std::int64_t kFloatsAtOnce = 1 << 22;

std::span<float> floats_of(const at::Tensor &tensor, std::int64_t row, std::int64_t rows, std::int64_t columns) {
  return {tensor.mutable_data_ptr<float>() + row * columns, static_cast<std::size_t>(rows * columns)};
}

} // namespace

Matrix::Matrix(at::Tensor dense) : dense_(std::move(dense)), rows_(dense_.size(0)), columns_(dense_.size(1)) {}

Matrix::Matrix(StoredTensor stored, std::shared_ptr<const void> owner)
    : stored_(std::move(stored)), owner_(std::move(owner)), rows_(stored_.rows()), columns_(stored_.columns()) {}

std::size_t Matrix::byte_count() const {
  return is_dense() ? static_cast<std::size_t>(rows_ * columns_) * sizeof(float) : stored_.bytes.size();
}

std::int64_t Matrix::rows_at_once() const {
  return is_dense() ? rows_ : std::clamp<std::int64_t>(kFloatsAtOnce / columns_, 1, rows_);
}

at::Tensor Matrix::part(std::int64_t begin, std::int64_t end) const {
  if (is_dense()) {
    return dense_.narrow(0, begin, end - begin);
  }
  auto result = at::empty({end - begin, columns_}, at::kFloat);
  at::parallel_for(0, end - begin, std::max<std::int64_t>(16384 / columns_, 1),
                   [&](std::int64_t from, std::int64_t to) {
                     to_floats(stored_, begin + from, floats_of(result, from, to - from, columns_));
                   });
  return result;
}

at::Tensor Matrix::gather(const std::vector<std::int64_t> &rows) const {
  auto result = at::empty({static_cast<std::int64_t>(rows.size()), columns_}, at::kFloat);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto out = floats_of(result, static_cast<std::int64_t>(i), 1, columns_);
    if (is_dense()) {
      const float *row = dense_.const_data_ptr<float>() + rows[i] * columns_;
      std::copy(row, row + columns_, out.begin());
    } else {
      to_floats(stored_, rows[i], out);
    }
  }
  return result;
}

} // namespace yanxing::nn
