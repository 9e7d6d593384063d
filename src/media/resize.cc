// Pillow's Resample.c in its arithmetic: weights in fixed point with 22 bits, eight bits between the two directions.
#include "media/picture_processor.h"

#include <algorithm>
#include <cmath>

namespace yanxing::media {
namespace {

constexpr int kPrecisionBits = 32 - 8 - 2;
constexpr double kSupport = 2.0; // of the bicubic filter, in pixels

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) {
    return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  }
  return x < 2.0 ? (((x - 5) * x + 8) * x - 4) * a : 0.0;
}

// The input pixels that make one output pixel.
struct Taps {
  int first = 0;
  std::vector<int> weights; // times 2^22
};

std::vector<Taps> taps_of(int inputs, int outputs) {
  const double scale = static_cast<double>(inputs) / outputs;
  const double widened = std::max(scale, 1.0);
  const double support = kSupport * widened;
  std::vector<Taps> all(static_cast<std::size_t>(outputs));
  std::vector<double> weights;
  for (int i = 0; i < outputs; ++i) {
    auto &taps = all[static_cast<std::size_t>(i)];
    const double centre = (i + 0.5) * scale;
    taps.first = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int end = std::min(static_cast<int>(centre + support + 0.5), inputs);
    weights.clear();
    double sum = 0;
    for (int x = taps.first; x < end; ++x) {
      weights.push_back(bicubic((x - centre + 0.5) / widened));
      sum += weights.back();
    }
    for (const double weight : weights) {
      const double scaled = (sum == 0 ? weight : weight / sum) * (1 << kPrecisionBits);
      taps.weights.push_back(static_cast<int>(scaled < 0 ? scaled - 0.5 : scaled + 0.5));
    }
  }
  return all;
}

std::uint8_t rounded(int sum) { return static_cast<std::uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255)); }

constexpr int kHalf = 1 << (kPrecisionBits - 1);

Picture with_width(const Picture &in, int width) {
  const auto taps = taps_of(in.width, width);
  Picture out{width, in.height, {}};
  out.rgb.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(in.height) * 3);
  auto *target = out.rgb.data();
  for (int y = 0; y < in.height; ++y) {
    for (const auto &[first, weights] : taps) {
      const auto *source = in.pixel(first, y);
      std::array<int, 3> sums{kHalf, kHalf, kHalf};
      for (const int weight : weights) {
        for (auto &sum : sums) {
          sum += *source++ * weight;
        }
      }
      for (const int sum : sums) {
        *target++ = rounded(sum);
      }
    }
  }
  return out;
}

Picture with_height(const Picture &in, int height) {
  const auto taps = taps_of(in.height, height);
  const auto stride = static_cast<std::size_t>(in.width) * 3;
  Picture out{in.width, height, {}};
  out.rgb.resize(stride * static_cast<std::size_t>(height));
  std::vector<int> sums(stride);
  for (int y = 0; y < height; ++y) {
    const auto &[first, weights] = taps[static_cast<std::size_t>(y)];
    std::fill(sums.begin(), sums.end(), kHalf);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const auto *source = in.pixel(0, first + static_cast<int>(i));
      for (std::size_t x = 0; x < stride; ++x) {
        sums[x] += source[x] * weights[i];
      }
    }
    std::transform(sums.begin(), sums.end(), out.rgb.begin() + static_cast<std::ptrdiff_t>(stride) * y, rounded);
  }
  return out;
}

} // namespace

// Widths are made first, as Pillow does, unless more than twice as many rows as columns go (Pillow 13; older ones
// always begin with the widths, which differs by a few levels at sharp edges).
Picture resized(const Picture &picture, const PictureSize &size) {
  if (picture.width == size.width) {
    return picture.height == size.height ? picture : with_height(picture, size.height);
  }
  if (picture.height == size.height) {
    return with_width(picture, size.width);
  }
  const int rows = picture.height - size.height;
  return rows > 0 && rows > 2 * (picture.width - size.width)
             ? with_width(with_height(picture, size.height), size.width)
             : with_height(with_width(picture, size.width), size.height);
}

} // namespace yanxing::media
