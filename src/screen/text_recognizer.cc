#include "screen/text_recognizer.h"

#include "screen/picture_scale.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace yanxing::screen {
namespace {

constexpr int kHeight = 48;
constexpr int kNarrowest = 64; // below it the network has too few steps
constexpr int kWidest = 2400;
constexpr int kWidthStep = 32; // widths are rounded up to it, so that lines can share a batch
constexpr std::size_t kBatch = 8;

int scaled_width(const Box &box) {
  return std::clamp(static_cast<int>(std::ceil(static_cast<double>(box.width) * kHeight / box.height)), 8, kWidest);
}

int padded_width(int width) { return std::max(kNarrowest, (width + kWidthStep - 1) / kWidthStep * kWidthStep); }

} // namespace

ReadLine decode_ctc(std::span<const float> probability, std::size_t steps, std::size_t classes,
                    const std::vector<std::string> &characters) {
  ReadLine line;
  std::size_t previous = 0;
  double sum = 0;
  int count = 0;
  for (std::size_t step = 0; step < steps; ++step) {
    const auto row = probability.subspan(step * classes, classes);
    const auto best = static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    if (best != 0 && best != previous && best <= characters.size()) {
      line.text += characters[best - 1];
      sum += static_cast<double>(row[best]);
      ++count;
    }
    previous = best;
  }
  line.score = count > 0 ? static_cast<float>(sum / count) : 0;
  return line;
}

Result<std::vector<std::string>> characters_of(const onnx::Session &recognizer) {
  const std::string list = recognizer.metadata("character");
  if (list.empty()) {
    return Error{"the text recogniser carries no character list in its metadata", "Use PP-OCR's recogniser"};
  }
  std::vector<std::string> characters;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find('\n', begin), list.size());
    characters.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  characters.emplace_back(" ");
  return characters;
}

Result<std::vector<ReadLine>> recognize(onnx::Session &recognizer, const std::vector<std::string> &characters,
                                        const Picture &picture, const std::vector<Box> &boxes) {
  std::vector<ReadLine> lines(boxes.size());
  std::vector<std::size_t> order(boxes.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&boxes](std::size_t a, std::size_t b) { return scaled_width(boxes[a]) < scaled_width(boxes[b]); });
  const std::string input = recognizer.input_names().at(0);
  for (std::size_t begin = 0; begin < order.size();) {
    const int width = padded_width(scaled_width(boxes[order[begin]]));
    std::size_t end = begin;
    while (end < order.size() && end - begin < kBatch && padded_width(scaled_width(boxes[order[end]])) == width) {
      ++end;
    }
    const std::size_t count = end - begin;
    const std::size_t one = 3 * static_cast<std::size_t>(kHeight) * static_cast<std::size_t>(width);
    std::vector<float> planes(count * one, 0.0F); // (count, 3, 48, width), padded with grey
    for (std::size_t i = 0; i < count; ++i) {
      const Box &box = boxes[order[begin + i]];
      scale_into(picture, box, std::min(scaled_width(box), width), kHeight, width, planes.data() + i * one);
    }
    auto outputs =
        recognizer.run({{input, {{static_cast<std::int64_t>(count), 3, kHeight, width}, std::move(planes)}}});
    if (!outputs) {
      return outputs.error();
    }
    const onnx::Tensor &result = outputs->at(0); // (count, steps, classes)
    if (result.shape.size() != 3 || result.shape[0] != static_cast<std::int64_t>(count)) {
      return Error{"the text recogniser gave an output of another shape", "Use PP-OCR's recogniser"};
    }
    const auto steps = static_cast<std::size_t>(result.shape[1]);
    const auto classes = static_cast<std::size_t>(result.shape[2]);
    for (std::size_t i = 0; i < count; ++i) {
      lines[order[begin + i]] = decode_ctc(std::span(result.floats()).subspan(i * steps * classes, steps * classes),
                                           steps, classes, characters);
    }
    begin = end;
  }
  return lines;
}

} // namespace yanxing::screen
