// Byte-level BPE tokenizers between tokenizer.json (with what stands beside it) and GGUF's metadata, as llama.cpp's
// converter does it: Qwen, Llama 3, SmolLM, GPT-2.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

struct gguf_context;

namespace yanxing::convert {

// GGUF's kinds of tokens.
enum class TokenKind : std::int32_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5 };

struct Tokenizer {
  std::string rule;                // how text is parted: GGUF's "tokenizer.ggml.pre"
  std::vector<std::string> tokens; // by id; control and user-defined ones as text, the rest in GPT-2's byte alphabet
  std::vector<TokenKind> kinds;    // as many
  std::vector<std::string> merges; // "left right", most frequent first
  std::map<std::string, std::uint32_t> ids; // "bos", "eos", "unk", "pad", as far as they are stated
  std::map<std::string, bool> adds;         // "bos", "eos": whether it is put around every text
  std::string chat_template;
};

// What `sft` puts beside weights that come from a GGUF file.
constexpr const char *kVocabularyFile = "vocabulary.gguf";

// `vocabulary`: rows of the embedding; ids that the tokenizer does not use become unused tokens. Errors: neither
// tokenizer.json nor vocabulary.gguf; one that is no byte-level BPE or damaged.
Result<Tokenizer> read_hf_tokenizer(const std::filesystem::path &folder, std::int64_t vocabulary);
// Errors: not a byte-level BPE, damaged.
Result<Tokenizer> read_gguf_tokenizer(const std::filesystem::path &file);

void set_tokenizer(gguf_context *file, const Tokenizer &tokenizer);
// tokenizer.json, tokenizer_config.json and, where there is one, chat_template.jinja.
Status write_hf_tokenizer(const std::filesystem::path &folder, const Tokenizer &tokenizer);

} // namespace yanxing::convert
