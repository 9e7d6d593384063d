// The language-model head: log-probabilities of wanted tokens without ever making all logits.
#pragma once

#include "nn/linear.h"

#include <functional>

namespace yanxing::nn {

// log p(tokens[i] | hidden[i]) → (n). hidden: (n, hidden), already normed. The vocabulary is walked in slices with a
// running maximum and sum as in FlashAttention (arXiv:2205.14135), and the same walk yields the gradient to `hidden`,
// so memory is that of one slice and the gradient costs no second pass. softcap 0: none.
at::Tensor token_log_probabilities(const at::Tensor &hidden, const Linear &head,
                                   const std::vector<std::int64_t> &tokens, float softcap);

// All logits (n, vocabulary), without gradient: for sampling and tests.
at::Tensor all_logits(const at::Tensor &hidden, const Linear &head, float softcap);

// A loss of some rows' logits (n, vocabulary), `first` being the index of the first one: puts ∂loss/∂logit in their
// place and returns their sum.
using LogitLoss = std::function<double(std::int64_t first, at::Tensor &logits)>;
struct LogitLossSum {
  at::Tensor descent; // its gradient to `hidden` is the loss's
  double sum = 0;
};
// Some rows at a time, so that memory is that of their logits. A head that is trained itself gets no gradient.
LogitLossSum logit_loss(const at::Tensor &hidden, const Linear &head, float softcap, const LogitLoss &loss);

} // namespace yanxing::nn
