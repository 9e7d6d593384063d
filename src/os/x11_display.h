// The X11 screen as a picture.
#pragma once

#include "os/desktop.h"

#include <cstddef>
#include <cstdint>

namespace yanxing::os {

Result<std::unique_ptr<Display>> open_x11_display();

// How a pixel of the server is laid out (a TrueColor visual of 16, 24 or 32 bits).
struct PixelLayout {
  int bits = 32;
  bool big_endian = false;
  std::uint32_t red = 0xff0000;
  std::uint32_t green = 0xff00;
  std::uint32_t blue = 0xff;
};

// The server's image (rows of `stride` bytes) as RGB.
Picture picture_from_pixels(const std::uint8_t *pixels, std::size_t stride, int width, int height,
                            const PixelLayout &layout);

} // namespace yanxing::os
