// The token that ends an answer.
#pragma once

#include "llm/engine.h"

struct llama_vocab;

namespace yanxing::llm {

// <|im_end|> where the vocabulary has it, because text/prompt writes ChatML; else the vocabulary's own end of turn,
// else of text. llama.cpp alone may take <|endoftext|> where a file does not say which of the two it is.
Token end_of_turn_of(const llama_vocab *vocab);

} // namespace yanxing::llm
