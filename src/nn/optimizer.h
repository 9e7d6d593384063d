// AdamW (arXiv:1711.05101), clipping by the gradients' joint norm, and learning-rate schedules. What makes a run go on
// bit for bit is the optimizer's state, the step's number and the parameters.
#pragma once

#include "nn/model.h"

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace yanxing::nn {

struct AdamWConfig {
  float beta1 = 0.9F;
  float beta2 = 0.95F; // ms-swift's default
  float epsilon = 1e-8F;
  float weight_decay = 0.1F;
};

class AdamW {
public:
  AdamW(std::vector<Parameter> parameters, const AdamWConfig &config);

  // The norm of all gradients together; where it is above `limit` (> 0) they are scaled down to it. NaN or infinity in
  // a gradient shows in the result, and then nothing is scaled.
  float clip(float limit);
  void step(float learning_rate);
  void zero(); // forget the gradients

  [[nodiscard]] std::int64_t steps() const { return steps_; }
  // Moments and number of steps, as safetensors under the parameters' names.
  Status save(const std::filesystem::path &file) const;
  Status load(const std::filesystem::path &file);

private:
  std::vector<Parameter> parameters_;
  std::vector<at::Tensor> means_;     // of the gradients
  std::vector<at::Tensor> variances_; // of the gradients, uncentred
  AdamWConfig config_;
  std::int64_t steps_ = 0;
};

struct Schedule {
  enum class Shape { kConstant, kLinear, kCosine };
  Shape shape = Shape::kCosine;
  float peak = 1e-4F;
  std::int64_t warm_up = 0; // steps from 0 to the peak
  std::int64_t total = 1;   // steps of the whole run; the rate ends at 0 (constant: at the peak)

  // The rate of step 0, 1, …
  [[nodiscard]] float at(std::int64_t step) const;
  // "constant", "linear", "cosine", with or without "_with_warmup"
  static Result<Shape> shape_of(std::string_view name);
};

} // namespace yanxing::nn
