// Reads the weights of layers out of a checkpoint, one after another. The first thing that goes wrong is kept;
// afterwards nothing is read, so that whoever builds a model asks once at the end.
#pragma once

#include "nn/checkpoint.h"
#include "nn/keeping.h"
#include "nn/linear.h"

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::nn {

struct Norm {
  std::string name;  // "model.norm"
  at::Tensor weight; // (n) as it is multiplied; undefined where the family has none
  at::Tensor bias;   // (n), LayerNorm only
};

struct LoadOptions {
  Keeping keeping;
  // Train all weights (full fine-tuning): they become fp32 and ask for gradients.
  bool train_weights = false;
};

class WeightReader {
public:
  // Layers are found under names that start with `file` and get names that start with `module` instead: what
  // transformers calls them, which is what PEFT's files name.
  struct Prefix {
    std::string file;
    std::string module;
  };

  // `checkpoint` must outlive the reader.
  WeightReader(const Checkpoint &checkpoint, const LoadOptions &options, Prefix prefix);

  // name.weight, and name.bias where the file has one: (out, in).
  Linear linear(const std::string &name, std::int64_t out, std::int64_t in);
  // A convolution's kernel, or any tensor whose first dimension is `out`, as a matrix: (out, in).
  Linear flattened(const std::string &name, std::int64_t out, std::int64_t in);
  Norm rms_norm(const std::string &name, std::int64_t size);
  Norm layer_norm(const std::string &name, std::int64_t size); // with a bias

  [[nodiscard]] const std::optional<Error> &error() const { return error_; }

private:
  void fail(const std::string &what);
  std::optional<StoredTensor> find(const std::string &name, std::int64_t rows, std::int64_t columns, bool flat = false);
  Linear matrix(const std::string &name, std::int64_t out, std::int64_t in, bool flat);
  at::Tensor vector(const std::string &name, std::int64_t size, float offset);
  std::shared_ptr<const void> straightened(StoredTensor &stored);
  [[nodiscard]] std::string shown(const std::string &name) const;

  const Checkpoint &checkpoint_;
  LoadOptions options_;
  Prefix prefix_;
  std::shared_ptr<const std::vector<std::shared_ptr<const MappedFile>>> files_;
  std::optional<Error> error_;
};

} // namespace yanxing::nn
