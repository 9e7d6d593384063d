// A Hugging Face folder's tokenizer.json as llama.cpp takes vocabularies: a GGUF file without weights.
#pragma once

#include "base/result.h"

#include <filesystem>

namespace yanxing::llm {

// Byte-level BPE (Qwen, Llama 3, GPT-2). Errors: no tokenizer.json, another kind of tokenizer, a way of parting words
// that llama.cpp does not know, `gguf` cannot be written.
Status write_vocabulary(const std::filesystem::path &folder, const std::filesystem::path &gguf);

} // namespace yanxing::llm
