#include "screen/text_detector.h"

#include "screen/picture_scale.h"

#include <algorithm>
#include <cmath>

namespace yanxing::screen {
namespace {

constexpr float kPixelThreshold = 0.3F;
constexpr float kBoxThreshold = 0.5F;
constexpr float kUnclip = 1.5F;
constexpr int kSmallestSide = 3;   // of a region in the map
constexpr int kLongestSide = 1920; // larger pictures are scaled down: theirs is a dense display with larger glyphs
constexpr int kSmallPicture = 960; // smaller ones are scaled up, at most twice

struct Component {
  int left, top, right, bottom; // inclusive
  double sum = 0;
  int pixels = 0;
};

// Flood fill from one pixel over its eight neighbours; the stack is shared to save allocations.
Component fill(std::span<const float> probability, int width, int height, int start, std::vector<std::uint8_t> &seen,
               std::vector<int> &stack) {
  Component component{start % width, start / width, start % width, start / width};
  stack.assign(1, start);
  seen[static_cast<std::size_t>(start)] = 1;
  while (!stack.empty()) {
    const int at = stack.back();
    stack.pop_back();
    const int x = at % width;
    const int y = at / width;
    component.left = std::min(component.left, x);
    component.right = std::max(component.right, x);
    component.top = std::min(component.top, y);
    component.bottom = std::max(component.bottom, y);
    component.sum += static_cast<double>(probability[static_cast<std::size_t>(at)]);
    ++component.pixels;
    for (int ny = std::max(y - 1, 0); ny <= std::min(y + 1, height - 1); ++ny) {
      for (int nx = std::max(x - 1, 0); nx <= std::min(x + 1, width - 1); ++nx) {
        const auto next = static_cast<std::size_t>(ny * width + nx);
        if (seen[next] == 0 && probability[next] > kPixelThreshold) {
          seen[next] = 1;
          stack.push_back(static_cast<int>(next));
        }
      }
    }
  }
  return component;
}

int to_multiple_of_32(double length) { return std::max(32, static_cast<int>(std::lround(length / 32)) * 32); }

double scale_for(const Picture &picture) {
  const int longest = std::max(picture.width, picture.height);
  if (longest > kLongestSide) {
    return static_cast<double>(kLongestSide) / longest;
  }
  return std::clamp(static_cast<double>(kSmallPicture) / longest, 1.0, 2.0);
}

} // namespace

std::vector<TextRegion> regions_of(std::span<const float> probability, int width, int height) {
  std::vector<TextRegion> regions;
  std::vector<std::uint8_t> seen(probability.size(), 0);
  std::vector<int> stack;
  for (std::size_t i = 0; i < probability.size(); ++i) {
    if (seen[i] != 0 || probability[i] <= kPixelThreshold) {
      continue;
    }
    const Component component = fill(probability, width, height, static_cast<int>(i), seen, stack);
    const int w = component.right - component.left + 1;
    const int h = component.bottom - component.top + 1;
    const auto score = static_cast<float>(component.sum / component.pixels);
    if (std::min(w, h) < kSmallestSide || score < kBoxThreshold) {
      continue;
    }
    // The offset of the paper's formula: area * ratio / perimeter.
    const int grow =
        static_cast<int>(std::lround(static_cast<float>(w * h) * kUnclip / static_cast<float>(2 * (w + h))));
    const int left = std::max(component.left - grow, 0);
    const int top = std::max(component.top - grow, 0);
    regions.push_back({{left, top, std::min(component.right + grow + 1, width) - left,
                        std::min(component.bottom + grow + 1, height) - top},
                       score});
  }
  return regions;
}

Result<std::vector<TextRegion>> detect_text(onnx::Session &detector, const Picture &picture) {
  const double scale = scale_for(picture);
  const int width = to_multiple_of_32(picture.width * scale);
  const int height = to_multiple_of_32(picture.height * scale);
  std::vector<float> planes(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  scale_into(picture, {0, 0, picture.width, picture.height}, width, height, width, planes.data());
  // (1, 3, height, width) → (1, 1, height, width)
  auto outputs = detector.run({{detector.input_names().at(0), {{1, 3, height, width}, std::move(planes)}}});
  if (!outputs) {
    return outputs.error();
  }
  const std::vector<float> &map = outputs->at(0).floats();
  if (map.size() != static_cast<std::size_t>(width) * static_cast<std::size_t>(height)) {
    return Error{"the text detector gave a map of another size than its input", "Use PP-OCR's detector"};
  }
  std::vector<TextRegion> regions = regions_of(map, width, height);
  const double sx = static_cast<double>(picture.width) / width;
  const double sy = static_cast<double>(picture.height) / height;
  for (TextRegion &region : regions) {
    const int left = static_cast<int>(std::floor(region.box.x * sx));
    const int top = static_cast<int>(std::floor(region.box.y * sy));
    const int right = std::min(static_cast<int>(std::ceil((region.box.x + region.box.width) * sx)), picture.width);
    const int bottom = std::min(static_cast<int>(std::ceil((region.box.y + region.box.height) * sy)), picture.height);
    region.box = {left, top, right - left, bottom - top};
  }
  sort_reading_order(regions);
  return regions;
}

void sort_reading_order(std::vector<TextRegion> &regions) {
  std::sort(regions.begin(), regions.end(), [](const TextRegion &a, const TextRegion &b) {
    return a.box.y + a.box.height / 2 < b.box.y + b.box.height / 2;
  });
  for (std::size_t begin = 0; begin < regions.size();) {
    std::size_t end = begin + 1;
    const Box &first = regions[begin].box;
    const int middle = first.y + first.height / 2;
    while (end < regions.size() &&
           regions[end].box.y + regions[end].box.height / 2 - middle < std::max(first.height / 2, 4)) {
      ++end;
    }
    std::sort(regions.begin() + static_cast<std::ptrdiff_t>(begin), regions.begin() + static_cast<std::ptrdiff_t>(end),
              [](const TextRegion &a, const TextRegion &b) { return a.box.x < b.box.x; });
    begin = end;
  }
}

} // namespace yanxing::screen
