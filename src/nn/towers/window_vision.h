// The vision transformer of Qwen2.5-VL (arXiv:2502.13923 §2.1.1) and Qwen2.5-Omni: patches attend within windows of
// 112 pixels, in a few layers everywhere; two-dimensional rotation, RMSNorm, gated MLP; four patches become one token.
#pragma once

#include "nn/fields.h"
#include "nn/tower.h"

#include <memory>
#include <string>
#include <vector>

namespace yanxing::nn {

struct WindowVisionConfig {
  std::int64_t hidden = 0;
  std::int64_t intermediate = 0;
  std::int64_t heads = 0;
  std::int64_t out = 0; // the decoder's hidden size
  std::int64_t patch_numbers = 0;
  std::int64_t merge = 2;    // patches along a token's side
  std::int64_t window = 4;   // tokens along a window's side
  std::vector<bool> full;    // each layer: attends everywhere
  bool separate_qkv = false; // q, k and v are three matrices (Omni)
  Activation activation = Activation::kSilu;
};

// From "vision_config"; what is wrong is told through the fields.
WindowVisionConfig window_vision_from_hf(Fields &config);

// Weights are read from `tower`, those of the merger from `aligner`, under names that start with `prefix`.
std::unique_ptr<Tower> make_window_vision(const WindowVisionConfig &config, const std::string &prefix,
                                          WeightReader &tower, WeightReader &aligner);

} // namespace yanxing::nn
