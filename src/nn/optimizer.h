// Optimizers over a model's parameters, clipping by the gradients' joint norm, and learning-rate schedules. What makes
// a run go on bit for bit is the optimizer's state, the step's number and the parameters.
//
// Parameters are fp32, or half precision: then the step is made in fp32 and the result rounded up or down at random in
// proportion to the rest (stochastic rounding), since steps below half a unit would be lost otherwise; the same step
// of the same run rounds the same way.
#pragma once

#include "nn/model.h"
#include "nn/update_rule.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace yanxing::nn {

// Gradients of matrices are projected to `rank` dimensions, where the optimizer lives (arXiv:2403.03507).
struct GaloreConfig {
  std::int64_t rank = 128;
  std::int64_t gap = 50; // steps between new projections
  float scale = 1.0F;    // of the step that is projected back
  // Endings of names of the layers whose matrices it projects; empty: all linear layers, not embedding and head.
  std::vector<std::string> targets = {};
  bool with_embedding = false; // and embedding and head
};

struct OptimizerConfig {
  std::string name = "adamw_torch";
  float beta1 = 0.9F;
  float beta2 = 0.95F; // ms-swift's default
  float epsilon = 1e-8F;
  float weight_decay = 0.1F; // of matrices; biases and norms do not decay
  float momentum = 0.95F;    // Muon's
  std::optional<GaloreConfig> galore = {};
  float lora_b_rate = 1.0F; // B of an adapter learns so many times faster than A (LoRA+, arXiv:2402.12354)
  std::uint64_t seed = 42;  // of the rounding
};

class Optimizer {
public:
  // Error: the optimizer is not known, or cannot be joined with GaLore.
  static Result<Optimizer> make(std::vector<Parameter> parameters, const OptimizerConfig &config);
  Optimizer(Optimizer &&) noexcept;
  Optimizer &operator=(Optimizer &&) noexcept;
  ~Optimizer();

  // The norm of all gradients together, divided by `loss_scale`, which they are multiplied with; where it is above
  // `limit` (> 0) they are scaled down to it. Afterwards they are free of the scale. NaN or infinity in a gradient
  // shows in the result, and then nothing is changed.
  float clip(float limit, float loss_scale = 1.0F);
  void step(float learning_rate);
  void zero(); // forget the gradients

  // From now on each parameter moves as soon as its gradient is whole, within backward(), and the gradient is forgotten
  // at once: no more than one layer's are held at a time. Then a step has exactly one backward(), between
  // begin_step() and end_step(); each gradient is clipped by its own norm. end_step() gives the norm of all.
  void step_in_backward();
  void begin_step(float learning_rate, float clip);
  float end_step();

  [[nodiscard]] std::int64_t steps() const;
  [[nodiscard]] std::int64_t state_bytes() const;
  // State and number of steps, as safetensors under the parameters' names.
  Status save(const std::filesystem::path &file) const;
  Status load(const std::filesystem::path &file);

private:
  struct State;
  explicit Optimizer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// All that there are.
std::vector<OptimizerKind> all_optimizers();
Result<OptimizerKind> find_optimizer(std::string_view name);
// Bytes that an optimizer holds for one parameter.
std::int64_t optimizer_state_bytes(const OptimizerKind &kind, const OptimizerConfig &config, const std::string &name,
                                   const std::vector<std::int64_t> &shape);

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
