// The vision transformer of Qwen3-VL: every patch attends to every other; LayerNorm, a learned table of positions that
// is interpolated to the picture's grid, two-dimensional rotation; what some layers know goes into the decoder's first
// layers too (DeepStack, arXiv:2406.04334).
#pragma once

#include "nn/fields.h"
#include "nn/tower.h"

#include <memory>
#include <string>
#include <vector>

namespace yanxing::nn {

struct PlainVisionConfig {
  std::int64_t hidden = 0;
  std::int64_t intermediate = 0;
  std::int64_t heads = 0;
  std::int64_t layers = 0;
  std::int64_t out = 0; // the decoder's hidden size
  std::int64_t patch_numbers = 0;
  std::int64_t merge = 2;              // patches along a token's side
  std::int64_t side = 0;               // of the square table of positions
  std::vector<std::int64_t> deep = {}; // layers whose result is merged for the decoder's layer 0, 1, …
};

// From "vision_config"; what is wrong is told through the fields.
PlainVisionConfig plain_vision_from_hf(Fields &config);

// Weights are read from `tower`, those of the mergers from `aligner`, under names that start with `prefix`.
std::unique_ptr<Tower> make_plain_vision(const PlainVisionConfig &config, const std::string &prefix,
                                         WeightReader &tower, WeightReader &aligner);

} // namespace yanxing::nn
