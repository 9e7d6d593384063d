#include "train/loss_scale.h"

#include <algorithm>

namespace yanxing::train {

bool LossScale::settle(bool finite) {
  constexpr float kLargest = 16777216.0F; // 2^24: beyond it the loss itself would soon overflow
  if (!dynamic_) {
    return finite;
  }
  if (!finite) {
    value_ *= 0.5F;
    good_steps_ = 0;
    return false;
  }
  if (++good_steps_ == kGoodSteps) {
    value_ = std::min(2.0F * value_, kLargest);
    good_steps_ = 0;
  }
  return true;
}

Json LossScale::state() const { return {{"scale", value_}, {"good_steps", good_steps_}}; }

Status LossScale::restore(const Json &state) {
  if (!dynamic_) {
    return {};
  }
  const auto scale = state.is_object() ? state.find("scale") : state.end();
  const auto good = state.is_object() ? state.find("good_steps") : state.end();
  if (scale == state.end() || good == state.end() || !scale->is_number() || !good->is_number_integer() ||
      !(scale->get<float>() > 0) || good->get<std::int64_t>() < 0) {
    return Error{"the checkpoint does not say the loss's scale", "It is of a run in another --torch_dtype"};
  }
  value_ = scale->get<float>();
  good_steps_ = good->get<std::int64_t>();
  return {};
}

} // namespace yanxing::train
