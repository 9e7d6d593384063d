// How an optimizer moves one tensor. An optimizer is one file NAME.cc in optimizers/ that defines
// make_NAME_optimizer(); CMake makes the table of all (optimizer.cc).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace yanxing::nn {

struct OptimizerConfig;

class UpdateRule {
public:
  struct Rates {
    float learning_rate = 0;
    float weight_decay = 0; // decoupled: the value shrinks by learning_rate · weight_decay of itself
    std::int64_t step = 1;  // 1 in the first step
  };
  using Memory = std::vector<std::pair<std::string, at::Tensor>>;

  UpdateRule() = default;
  virtual ~UpdateRule() = default;
  UpdateRule(const UpdateRule &) = delete;
  UpdateRule &operator=(const UpdateRule &) = delete;

  // Moves `value` in place. Both are contiguous fp32 of the shape that the rule was made for; no gradient is recorded.
  virtual void step(const at::Tensor &value, const at::Tensor &gradient, const Rates &rates) = 0;
  // All that makes it go on as it would have: tensors of fp32 or bytes, whose shapes stay. A checkpoint holds them; one
  // is loaded by writing into them.
  [[nodiscard]] virtual Memory memory() const = 0;
};

struct OptimizerKind {
  std::vector<std::string> names; // the first one is the file's; others are how peers spell it
  std::string summary;
  // A rule for a tensor of this name ("model.layers.0.mlp.up_proj.weight") and shape.
  std::unique_ptr<UpdateRule> (*rule)(const std::string &name, const std::vector<std::int64_t> &shape,
                                      const OptimizerConfig &config) = nullptr;
  // Bytes of its memory, for planning.
  std::int64_t (*state_bytes)(const std::string &name, const std::vector<std::int64_t> &shape) = nullptr;
  // GaLore may give it a projected gradient: its direction must not depend on the value that it moves.
  bool projects = false;
};

// Elements that one thread should have at least.
inline constexpr std::int64_t kElementsAThread = 1 << 14;

inline std::int64_t count_of(const std::vector<std::int64_t> &shape) {
  std::int64_t count = 1;
  for (const auto size : shape) {
    count *= size;
  }
  return count;
}

} // namespace yanxing::nn
