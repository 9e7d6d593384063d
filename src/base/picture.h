// A picture in memory: 8-bit RGB, rows top down, no padding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace yanxing {

struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb; // width * height * 3

  [[nodiscard]] bool empty() const { return width <= 0 || height <= 0; }
  [[nodiscard]] const std::uint8_t *pixel(int x, int y) const {
    return &rgb[(static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)) * 3];
  }
};

} // namespace yanxing
