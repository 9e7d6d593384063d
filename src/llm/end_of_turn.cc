#include "llm/end_of_turn.h"

#include <llama.h>

#include <array>
#include <string_view>

namespace yanxing::llm {

Token end_of_turn_of(const llama_vocab *vocab) {
  constexpr std::string_view kChatMl = "<|im_end|>";
  std::array<Token, kChatMl.size()> tokens{};
  const auto count = llama_tokenize(vocab, kChatMl.data(), static_cast<std::int32_t>(kChatMl.size()), tokens.data(),
                                    static_cast<std::int32_t>(tokens.size()), false, true);
  if (count == 1) {
    return tokens.front();
  }
  const auto token = llama_vocab_eot(vocab);
  return token >= 0 ? token : llama_vocab_eos(vocab);
}

} // namespace yanxing::llm
