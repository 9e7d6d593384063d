// What a line of text says: PP-OCR's recogniser and its CTC output (Graves et al. 2006: best path).
#pragma once

#include "base/picture.h"
#include "base/result.h"
#include "base/shapes.h"
#include "onnx/session.h"

#include <span>
#include <string>
#include <vector>

namespace yanxing::screen {

struct ReadLine {
  std::string text;
  float score = 0; // mean probability of its characters
};

// Best path of `steps` rows of `classes` probabilities each: class 0 is blank, class i the character i - 1.
ReadLine decode_ctc(std::span<const float> probability, std::size_t steps, std::size_t classes,
                    const std::vector<std::string> &characters);

// The characters of the recogniser's metadata (one a line) and the space that PP-OCR adds behind them.
Result<std::vector<std::string>> characters_of(const onnx::Session &recognizer);

// One line for each box, in the same order.
Result<std::vector<ReadLine>> recognize(onnx::Session &recognizer, const std::vector<std::string> &characters,
                                        const Picture &picture, const std::vector<Box> &boxes);

} // namespace yanxing::screen
