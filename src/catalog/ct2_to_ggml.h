// Whisper models come in packages in CTranslate2's form; whisper.cpp reads ggml files. This turns one into the other.
#pragma once

#include "base/result.h"

#include <filesystem>

namespace yanxing::catalog {

// `model_bin` (a WhisperSpec in float16 or float32) and `tokenizer_json` (of the Hugging Face form) → `out`, a ggml
// file with float16 matrices. Streams: memory holds one tensor at a time. `out` is replaced only by a whole file.
Status ct2_to_ggml(const std::filesystem::path &model_bin, const std::filesystem::path &tokenizer_json,
                   const std::filesystem::path &out);

} // namespace yanxing::catalog
