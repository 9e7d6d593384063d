// A GGUF file in fewer bits, by llama.cpp's own quantizer: Q8_0, Q4_K_M and its other types, with its choice of which
// tensors keep more bits.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace yanxing::llm {

// "q4_k_m" and so on, in lower case, from few bits to many.
std::vector<std::string> quantized_types();

// `from` should be in full or half precision. `out` is written as it goes: give a temporary name. `progress` is told
// the share that is done. Errors: an unknown type, a model that cannot be quantized so, a full disk.
Status quantize_gguf(const std::filesystem::path &from, const std::filesystem::path &out, const std::string &type,
                     int threads, const std::function<void(double share)> &progress = {});

} // namespace yanxing::llm
