#include "nn/matrix.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ggml.h>

#include <algorithm>

namespace yanxing::nn {
namespace {

constexpr std::int64_t kFloatsAtOnce = 1 << 22;

std::span<float> floats_of(const at::Tensor &tensor, std::int64_t row, std::int64_t rows, std::int64_t columns) {
  return {tensor.mutable_data_ptr<float>() + row * columns, static_cast<std::size_t>(rows * columns)};
}

} // namespace

std::int64_t rows_worth_widening(std::int64_t rows, std::int64_t columns) {
  return std::clamp<std::int64_t>(kFloatsAtOnce / columns, 1, rows);
}

Matrix::Matrix(at::Tensor dense) : dense_(std::move(dense)), rows_(dense_.size(0)), columns_(dense_.size(1)) {}

Matrix::Matrix(StoredTensor stored, std::shared_ptr<const void> owner)
    : stored_(std::move(stored)), owner_(std::move(owner)), rows_(stored_.rows()), columns_(stored_.columns()) {}

Matrix::Matrix(std::shared_ptr<const Nf4> nf4, std::int64_t rows, std::int64_t columns)
    : nf4_(std::move(nf4)), rows_(rows), columns_(columns) {}

std::size_t Matrix::byte_count() const {
  if (is_dense()) {
    return static_cast<std::size_t>(rows_ * columns_) * sizeof(float);
  }
  return nf4_ ? nf4_->byte_count() : stored_.bytes.size();
}

const StoredTensor *Matrix::stored() const { return is_dense() || nf4_ || rows_ == 0 ? nullptr : &stored_; }

Matrix Matrix::in_nf4(bool double_quantization) const {
  auto quantised = Nf4::quantise(rows_ * columns_, double_quantization, [&](std::int64_t begin, std::span<float> out) {
    // A stretch may begin and end within a row.
    const auto first = begin / columns_;
    const auto last = (begin + static_cast<std::int64_t>(out.size()) - 1) / columns_;
    const auto rows = part(first, last + 1);
    const float *numbers = rows.const_data_ptr<float>() + (begin - first * columns_);
    std::copy(numbers, numbers + out.size(), out.begin());
  });
  return {std::make_shared<Nf4>(std::move(quantised)), rows_, columns_};
}

Matrix Matrix::in_half(at::ScalarType type) const {
  auto numbers = std::make_shared<at::Tensor>(at::empty({rows_, columns_}, type));
  const auto step = rows_at_once();
  for (std::int64_t begin = 0; begin < rows_; begin += step) {
    const auto end = std::min(begin + step, rows_);
    numbers->narrow(0, begin, end - begin).copy_(part(begin, end));
  }
  StoredTensor stored;
  stored.name = stored_.name;
  stored.format = Format::of_ggml(type == at::kBFloat16 ? GGML_TYPE_BF16 : GGML_TYPE_F16);
  stored.shape = {rows_, columns_};
  stored.bytes = {static_cast<const std::byte *>(numbers->const_data_ptr()), numbers->nbytes()};
  return {stored, numbers};
}

std::int64_t Matrix::rows_at_once() const { return is_dense() ? rows_ : rows_worth_widening(rows_, columns_); }

void Matrix::widen(std::int64_t row, std::span<float> out) const {
  if (nf4_) {
    nf4_->to_floats(row * columns_, out);
  } else {
    to_floats(stored_, row, out);
  }
}

at::Tensor Matrix::part(std::int64_t begin, std::int64_t end) const {
  if (is_dense()) {
    return dense_.narrow(0, begin, end - begin);
  }
  auto result = at::empty({end - begin, columns_}, at::kFloat);
  at::parallel_for(
      0, end - begin, std::max<std::int64_t>(16384 / columns_, 1),
      [&](std::int64_t from, std::int64_t to) { widen(begin + from, floats_of(result, from, to - from, columns_)); });
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
      widen(rows[i], out);
    }
  }
  return result;
}

} // namespace yanxing::nn
