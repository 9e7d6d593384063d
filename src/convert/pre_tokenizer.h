// How a byte-level BPE tokenizer parts text before it merges: tokenizer.json states the rule, GGUF names it.
#pragma once

#include "base/json.h"
#include "base/result.h"

#include <string>

namespace yanxing::convert {

struct PreTokenizer {
  std::string name;   // "tokenizer.ggml.pre"
  bool ignore_merges; // a word that is a token is not merged from its parts
  bool composes;      // text is brought to Unicode's form NFC first
  Json pre_tokenizer; // tokenizer.json's
};

// Error: a rule that GGUF has no name for, or not one of ours.
Result<PreTokenizer> pre_tokenizer_of(const Json &tokenizer);
// Error: the name is not known.
Result<PreTokenizer> pre_tokenizer_named(const std::string &name);

} // namespace yanxing::convert
