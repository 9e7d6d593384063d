// Eight-bit codes with a dynamic exponent (arXiv:1511.04561; blockwise in arXiv:2110.02861): 256 numbers from −1 to 1,
// or from 0 to 1, dense near zero. The same tables as bitsandbytes'.
#pragma once

#include <array>
#include <cstdint>

namespace yanxing::nn {

struct DynamicCode {
  std::array<float, 256> values{};    // rising
  std::array<float, 255> midpoints{}; // between neighbours

  // The code whose value is nearest; NaN gives the last one.
  [[nodiscard]] std::uint8_t nearest(float value) const;

  static const DynamicCode &with_sign();
  static const DynamicCode &without_sign();
};

} // namespace yanxing::nn
