// Seeing what goes into linear layers while a model computes, for those that measure it (quantizers).
#pragma once

#include "nn/linear.h"

#include <functional>

namespace yanxing::nn {

// x: (tokens, in)
using Observer = std::function<void(const Linear &layer, const at::Tensor &x)>;

// While it lives, layers that compute on this thread tell `observer`, which must outlive it. As at::NoGradGuard.
class ObserveGuard {
public:
  explicit ObserveGuard(const Observer &observer);
  ~ObserveGuard();
  ObserveGuard(const ObserveGuard &) = delete;
  ObserveGuard &operator=(const ObserveGuard &) = delete;

private:
  const Observer *before_;
};

} // namespace yanxing::nn
