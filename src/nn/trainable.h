// Which weights full fine-tuning trains, and which stay frozen.
#pragma once

#include "nn/decoder.h"
#include "nn/model.h"

#include <set>

namespace yanxing::nn {

// A weight by its name, and how many numbers it has.
struct WeightSize {
  std::string name;
  std::int64_t count = 0;
};

// All weights in Hugging Face's order: embedding, each layer's linear ones and norms, the last norm, the head.
std::vector<WeightSize> weight_sizes(Decoder &decoder);
// Names of those that are trained. Errors: none is; the pattern is no regular expression.
Result<std::set<std::string>> select_trained(const std::vector<WeightSize> &weights, const TrainableConfig &config);
Result<std::set<std::string>> select_trained(Decoder &decoder, const TrainableConfig &config);

} // namespace yanxing::nn
