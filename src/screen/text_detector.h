// Where there is text: post-processing of a DB detector (Liao et al., "Real-time Scene Text Detection with
// Differentiable Binarization", AAAI 2020, section 3.4) for screens, whose text is axis-aligned.
#pragma once

#include "base/picture.h"
#include "base/result.h"
#include "base/shapes.h"
#include "onnx/session.h"

#include <span>
#include <vector>

namespace yanxing::screen {

struct TextRegion {
  Box box;
  float score = 0;
};

// Boxes of the connected regions of a probability map (rows of `width`) above the threshold, grown back by what
// the detector was trained to shrink. In pixels of the map, clipped to it.
std::vector<TextRegion> regions_of(std::span<const float> probability, int width, int height);

// Text boxes of the picture in its own pixels, in reading order.
Result<std::vector<TextRegion>> detect_text(onnx::Session &detector, const Picture &picture);

// By lines from the top, within a line from the left.
void sort_reading_order(std::vector<TextRegion> &regions);

} // namespace yanxing::screen
