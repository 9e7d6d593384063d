// GGUF's metadata of a model that comes from a Hugging Face folder.
#pragma once

#include "nn/checkpoint.h"

#include "base/json.h"

#include <map>
#include <string>
#include <vector>

namespace yanxing::convert {

// By their full names; whole numbers are GGUF's u32, others f32. Error: a layout that llama.cpp does not know.
Result<Json> gguf_values(const nn::Checkpoint &base);

// Rotary scaling that GGUF keeps as tensors: by name, one factor for each frequency.
std::map<std::string, std::vector<float>> rope_factors(const nn::Checkpoint &base);

} // namespace yanxing::convert
