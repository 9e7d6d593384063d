// Dynamic loss scaling (arXiv:1710.03740): float16 gradients below 6e-8 are zero, so the loss is multiplied by a large
// power of two before the backward pass. Where a gradient overflows, the scale is halved and the step skipped; after
// `kGoodSteps` steps without that it is doubled.
#pragma once

#include "base/json.h"
#include "base/result.h"

#include <cstdint>

namespace yanxing::train {

class LossScale {
public:
  static constexpr std::int64_t kGoodSteps = 2000;
  static constexpr float kFirst = 65536.0F;

  // One for ever, as fp32 and bfloat16 want it.
  static LossScale fixed() { return LossScale(1.0F, false); }
  static LossScale dynamic() { return LossScale(kFirst, true); }

  [[nodiscard]] float value() const { return value_; }
  [[nodiscard]] bool is_dynamic() const { return dynamic_; }
  // After a backward pass: whether the step is to be made. False where a gradient overflowed; then the scale is less.
  bool settle(bool finite);
  // False once even the loss as it is overflows: no scale helps.
  [[nodiscard]] bool helps() const { return value_ >= 1.0F; }

  // For a checkpoint.
  [[nodiscard]] Json state() const;
  // Error: no state of a scale.
  Status restore(const Json &state);

private:
  LossScale(float value, bool dynamic) : value_(value), dynamic_(dynamic) {}

  float value_;
  bool dynamic_;
  std::int64_t good_steps_ = 0; // since the scale last changed
};

} // namespace yanxing::train
