// An adapter made part of the weights, so that it costs nothing while the model runs:
// W' = W + (alpha / rank) · B·A (Hu et al. 2021, "LoRA", section 4.1). What changes is kept in 8 bits (Q8_0): in the 4
// or 5 bits of the model's file most of what training added would be rounded away.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <functional>

namespace yanxing::llm {

// `base`: the model; `adapter`: a LoRA GGUF as llama.cpp loads it; `out` appears whole or not at all. `progress` is
// told the share that is done. Errors: foreign or damaged files, an adapter of another model, full disk.
Status merge_adapter(const std::filesystem::path &base, const std::filesystem::path &adapter,
                     const std::filesystem::path &out, int threads, const std::function<void(double)> &progress = {});

} // namespace yanxing::llm
