#include "nn/weight_reader.h"

#include <ATen/ops/empty.h>

#include <cstring>

namespace yanxing::nn {
namespace {

std::string shape_text(std::int64_t rows, std::int64_t columns) {
  return std::to_string(rows) + " × " + std::to_string(columns);
}

} // namespace

WeightReader::WeightReader(const Checkpoint &checkpoint, const LoadOptions &options, Prefix prefix)
    : checkpoint_(checkpoint), options_(options), prefix_(std::move(prefix)),
      files_(std::make_shared<std::vector<std::shared_ptr<const MappedFile>>>(checkpoint.files())) {}

std::string WeightReader::shown(const std::string &name) const {
  return name.starts_with(prefix_.file) ? prefix_.module + name.substr(prefix_.file.size()) : name;
}

Linear WeightReader::linear(const std::string &name, std::int64_t out, std::int64_t in) {
  return matrix(name, out, in, false);
}

Linear WeightReader::flattened(const std::string &name, std::int64_t out, std::int64_t in) {
  return matrix(name, out, in, true);
}

Linear WeightReader::matrix(const std::string &name, std::int64_t out, std::int64_t in, bool flat) {
  Linear result;
  result.name = shown(name);
  auto stored = find(name + ".weight", out, in, flat);
  if (!stored) {
    return result;
  }
  if (flat) {
    result.file_shape = stored->shape;
    stored->shape = {out, in};
  }
  std::shared_ptr<const void> owner = files_;
  if (checkpoint_.interleaved(name + ".weight")) {
    owner = straightened(*stored);
  }
  result.weight = kept(Matrix(*stored, owner), *stored, name, options_.keeping, checkpoint_.files());
  if (options_.train_weights) {
    result.trained = result.weight.all().set_requires_grad(true);
    result.weight = Matrix();
  }
  if (checkpoint_.find(name + ".bias")) {
    result.bias = vector(name + ".bias", out, 0.0F);
  }
  return result;
}

Norm WeightReader::rms_norm(const std::string &name, std::int64_t size) {
  return {shown(name), vector(name + ".weight", size, checkpoint_.config().norm_plus_one ? 1.0F : 0.0F), {}};
}

Norm WeightReader::layer_norm(const std::string &name, std::int64_t size) {
  return {shown(name), vector(name + ".weight", size, 0.0F), vector(name + ".bias", size, 0.0F)};
}

void WeightReader::fail(const std::string &what) {
  if (!error_) {
    error_ = Error{checkpoint_.path().string() + ": " + what, "Fetch or export the model again"};
  }
}

std::optional<StoredTensor> WeightReader::find(const std::string &name, std::int64_t rows, std::int64_t columns,
                                               bool flat) {
  if (error_) {
    return {};
  }
  auto stored = checkpoint_.find(name);
  if (!stored) {
    fail("tensor " + name + " is missing");
  } else if (!stored->format.readable()) {
    fail("tensor " + name + " has a format that cannot be read (" + stored->format.name() + ")");
    stored.reset();
  } else if (stored->count() != rows * columns || (flat ? stored->shape.at(0) != rows : stored->columns() != columns)) {
    fail("tensor " + name + " is " + shape_text(stored->rows(), stored->columns()) + ", not " +
         shape_text(rows, columns));
    stored.reset();
  }
  return stored;
}

// Numbers plus `offset`, as fp32: (size)
at::Tensor WeightReader::vector(const std::string &name, std::int64_t size, float offset) {
  auto stored = find(name, 1, size);
  if (!stored) {
    return {};
  }
  std::shared_ptr<const void> owner;
  if (checkpoint_.interleaved(name)) {
    stored->shape = {size, 1};
    owner = straightened(*stored);
  }
  auto result = at::empty({size}, at::kFloat);
  to_floats(stored->format, stored->bytes, {result.mutable_data_ptr<float>(), static_cast<std::size_t>(size)});
  result.add_(offset);
  return result.set_requires_grad(options_.train_weights);
}

// llama.cpp's converter writes row 2·i of a head first-half row i and row 2·i + 1 second-half row i. Rows are whole
// blocks, so putting them back copies bytes. Returns the owner of the new bytes.
std::shared_ptr<const void> WeightReader::straightened(StoredTensor &stored) {
  const auto head_dim = checkpoint_.config().head_dim;
  const auto rows = stored.rows();
  const auto row_bytes = stored.bytes.size() / static_cast<std::size_t>(rows);
  auto bytes = std::make_shared<std::vector<std::byte>>(stored.bytes.size());
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto within = row % head_dim;
    const auto half = within / (head_dim / 2);
    const auto source = row - within + 2 * (within % (head_dim / 2)) + half;
    std::memcpy(bytes->data() + static_cast<std::size_t>(row) * row_bytes,
                stored.bytes.data() + static_cast<std::size_t>(source) * row_bytes, row_bytes);
  }
  stored.bytes = *bytes;
  return bytes;
}

} // namespace yanxing::nn
