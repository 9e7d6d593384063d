// A Whisper model file (ggml) of half precision with its weights in 8 bits (Q8_0), as one loads it from memory: half
// the bytes to read for every token, and products that llm/packed_matmul has a fast way for. What is no matrix of
// weights (biases, convolutions, positions) stays as it is.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>

namespace yanxing::speech {

// `file`: one that check_whisper_model found whole. A file of another type than F16 is returned as it is.
// Errors: it cannot be read.
Result<std::string> quantised_whisper(const std::filesystem::path &file);

} // namespace yanxing::speech
