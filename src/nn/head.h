// The language-model head: log-probabilities of wanted tokens without ever making all logits.
#pragma once

#include "nn/linear.h"

namespace yanxing::nn {

// log p(tokens[i] | hidden[i]) → (n). hidden: (n, hidden), already normed. The vocabulary is walked in slices with a
// running maximum and sum as in FlashAttention (arXiv:2205.14135), and the same walk yields the gradient to `hidden`,
// so memory is that of one slice and the gradient costs no second pass. softcap 0: none.
at::Tensor token_log_probabilities(const at::Tensor &hidden, const Linear &head,
                                   const std::vector<std::int64_t> &tokens, float softcap);

// All logits (n, vocabulary), without gradient: for sampling and tests.
at::Tensor all_logits(const at::Tensor &hidden, const Linear &head, float softcap);

} // namespace yanxing::nn
