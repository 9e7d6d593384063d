#include "nn/dynamic_code.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace yanxing::nn {
namespace {

// Exponents 10^−6 … 10^0; each has the middles of a number of equal parts of [0.1, 1], twice as many for each next one.
DynamicCode make_code(bool with_sign) {
  constexpr int kExponents = 7;
  std::vector<float> values{0.0F, 1.0F};
  for (int i = 0; i < kExponents; ++i) {
    const int parts = 1 << (with_sign ? i : i + 1);
    const double exponent = std::pow(10.0, i - (kExponents - 1));
    const auto boundary = [&](int part) { return 0.1 + 0.9 * part / parts; };
    for (int part = 0; part < parts; ++part) {
      const auto value = static_cast<float>(exponent * (boundary(part) + boundary(part + 1)) / 2);
      values.push_back(value);
      if (with_sign) {
        values.push_back(-value);
      }
    }
  }
  std::sort(values.begin(), values.end());
  DynamicCode code;
  std::copy(values.begin(), values.end(), code.values.begin());
  for (std::size_t i = 0; i < code.midpoints.size(); ++i) {
    code.midpoints[i] = 0.5F * (code.values[i] + code.values[i + 1]);
  }
  return code;
}

} // namespace

std::uint8_t DynamicCode::nearest(float value) const {
  // Halving without branches: 255 midpoints are a whole tree of depth eight.
  std::size_t code = 0;
  for (std::size_t half = 128; half > 0; half /= 2) {
    code += value <= midpoints[code + half - 1] ? 0 : half;
  }
  return static_cast<std::uint8_t>(code);
}

const DynamicCode &DynamicCode::with_sign() {
  static const DynamicCode code = make_code(true);
  return code;
}

const DynamicCode &DynamicCode::without_sign() {
  static const DynamicCode code = make_code(false);
  return code;
}

} // namespace yanxing::nn
