#include "screen/picture_scale.h"

#include <algorithm>
#include <cmath>

namespace yanxing::screen {
namespace {

struct Sample {
  int first;
  int second;
  float weight; // of the second
};

// Where each output pixel's centre falls between two input pixels.
std::vector<Sample> samples(int from, int length, int outputs, int bound) {
  std::vector<Sample> all;
  const float step = static_cast<float>(length) / static_cast<float>(outputs);
  for (int i = 0; i < outputs; ++i) {
    const float at = std::max((static_cast<float>(i) + 0.5F) * step - 0.5F, 0.0F);
    const int first = static_cast<int>(at);
    all.push_back({std::clamp(from + first, 0, bound - 1),
                   std::clamp(from + std::min(first + 1, length - 1), 0, bound - 1), at - static_cast<float>(first)});
  }
  return all;
}

} // namespace

void scale_into(const Picture &picture, const Box &part, int width, int height, int plane_width, float *planes) {
  const std::vector<Sample> columns = samples(part.x, part.width, width, picture.width);
  const std::vector<Sample> rows = samples(part.y, part.height, height, picture.height);
  const std::size_t plane = static_cast<std::size_t>(plane_width) * static_cast<std::size_t>(height);
  for (int y = 0; y < height; ++y) {
    const Sample &row = rows[static_cast<std::size_t>(y)];
    float *out = planes + static_cast<std::size_t>(y) * static_cast<std::size_t>(plane_width);
    for (const Sample &column : columns) {
      const std::uint8_t *a = picture.pixel(column.first, row.first);
      const std::uint8_t *b = picture.pixel(column.second, row.first);
      const std::uint8_t *c = picture.pixel(column.first, row.second);
      const std::uint8_t *d = picture.pixel(column.second, row.second);
      for (std::size_t channel = 0; channel < 3; ++channel) {
        const float top =
            static_cast<float>(a[channel]) * (1 - column.weight) + static_cast<float>(b[channel]) * column.weight;
        const float bottom =
            static_cast<float>(c[channel]) * (1 - column.weight) + static_cast<float>(d[channel]) * column.weight;
        out[plane * (2 - channel)] = (top * (1 - row.weight) + bottom * row.weight) / 127.5F - 1.0F;
      }
      ++out;
    }
  }
}

} // namespace yanxing::screen
