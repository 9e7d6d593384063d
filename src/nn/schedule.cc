#include "nn/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace yanxing::nn {

float Schedule::at(std::int64_t step) const {
  if (step < warm_up) {
    return peak * static_cast<float>(step + 1) / static_cast<float>(warm_up + 1);
  }
  const auto left = static_cast<double>(std::max<std::int64_t>(total - warm_up, 1));
  const double done = std::clamp(static_cast<double>(step - warm_up) / left, 0.0, 1.0);
  switch (shape) {
  case Shape::kConstant:
    return peak;
  case Shape::kLinear:
    return peak * static_cast<float>(1.0 - done);
  case Shape::kCosine:
    return peak * static_cast<float>(0.5 * (1.0 + std::cos(std::numbers::pi * done)));
  }
  return peak;
}

Result<Schedule::Shape> Schedule::shape_of(std::string_view name) {
  static constexpr std::string_view kEnding = "_with_warmup";
  auto stem = name;
  if (stem.ends_with(kEnding)) {
    stem.remove_suffix(kEnding.size());
  }
  if (stem == "constant") {
    return Shape::kConstant;
  }
  if (stem == "linear") {
    return Shape::kLinear;
  }
  if (stem == "cosine") {
    return Shape::kCosine;
  }
  return Error{"the schedule " + std::string(name) + " is not known", "Known are: constant, linear, cosine"};
}

} // namespace yanxing::nn
