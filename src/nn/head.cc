#include "nn/head.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace yanxing::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

constexpr std::int64_t kSlice = 4096; // of the vocabulary

at::Tensor slice_of(const Linear &head, std::int64_t begin, std::int64_t end) {
  return head.trained.defined() ? head.trained.detach().narrow(0, begin, end - begin).to(at::kFloat)
                                : head.weight.part(begin, end);
}

// Logits of a slice; with a cap also 1 − (logit / cap)², the cap's own derivative.
struct Slice {
  at::Tensor weight; // (slice, hidden)
  at::Tensor logits; // (n, slice)
  at::Tensor slope;  // (n, slice), undefined without a cap
};

Slice logits_of(const at::Tensor &hidden, const Linear &head, std::int64_t begin, float softcap) {
  Slice result;
  result.weight = slice_of(head, begin, std::min(begin + kSlice, head.out()));
  result.logits = hidden.mm(result.weight.t());
  if (softcap > 0) {
    result.logits.div_(softcap).tanh_();
    result.slope = result.logits.square().neg_().add_(1.0);
    result.logits.mul_(softcap);
  }
  return result;
}

struct WantedTokens : torch::CustomClassHolder {
  std::vector<std::int64_t> tokens;
  const Linear *head = nullptr;
  float softcap = 0;
};

// Rows whose wanted token lies in the slice, and its column there.
struct Hits {
  std::vector<std::int64_t> rows;
  std::vector<std::int64_t> columns;
};
Hits hits_of(const std::vector<std::int64_t> &tokens, std::int64_t begin, std::int64_t end) {
  Hits hits;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] >= begin && tokens[i] < end) {
      hits.rows.push_back(static_cast<std::int64_t>(i));
      hits.columns.push_back(tokens[i] - begin);
    }
  }
  return hits;
}

struct TokenLogProbabilities : Function<TokenLogProbabilities> {
  // saved: ∂log p/∂hidden (n, hidden) where it is asked for; with a trained head also hidden and log Σ exp.
  static at::Tensor forward(AutogradContext *context, const at::Tensor &hidden,
                            const std::optional<at::Tensor> &trained, const c10::intrusive_ptr<WantedTokens> &wanted) {
    const auto &head = *wanted->head;
    const auto n = hidden.size(0);
    const bool with_gradient = hidden.requires_grad();
    auto highest = at::full({n, 1}, -std::numeric_limits<float>::infinity(), hidden.options());
    auto sum = at::zeros({n, 1}, hidden.options());
    auto chosen = at::empty({n}, hidden.options());
    // Σ exp(logit − highest) · slope · weight over the slices so far, and slope · weight of the wanted token.
    auto pulled = with_gradient ? at::zeros_like(hidden) : at::Tensor();
    auto wanted_rows = with_gradient ? at::empty_like(hidden) : at::Tensor();
    for (std::int64_t begin = 0; begin < head.out(); begin += kSlice) {
      auto slice = logits_of(hidden, head, begin, wanted->softcap);
      const auto hits = hits_of(wanted->tokens, begin, begin + slice.weight.size(0));
      for (std::size_t i = 0; i < hits.rows.size(); ++i) {
        const auto row = hits.rows[i];
        const auto column = hits.columns[i];
        chosen[row] = slice.logits[row][column];
        if (with_gradient) {
          wanted_rows[row].copy_(slice.weight[column]);
          if (slice.slope.defined()) {
            wanted_rows[row].mul_(slice.slope[row][column]);
          }
        }
      }
      const auto now_highest = at::maximum(highest, slice.logits.amax(1, true));
      const auto shrink = highest.sub(now_highest).exp_(); // (n, 1)
      slice.logits.sub_(now_highest).exp_();
      sum.mul_(shrink).add_(slice.logits.sum(1, true));
      if (with_gradient) {
        if (slice.slope.defined()) {
          slice.logits.mul_(slice.slope);
        }
        pulled.mul_(shrink).addmm_(slice.logits, slice.weight);
      }
      highest = now_highest;
    }
    const auto log_sum = highest.add(sum.log()).squeeze(1); // (n)
    variable_list saved(3);
    if (with_gradient) {
      saved[0] = wanted_rows.sub_(pulled.div_(sum));
    }
    if (trained && trained->requires_grad()) {
      saved[1] = hidden;
      saved[2] = log_sum;
    }
    context->save_for_backward(saved);
    context->saved_data["wanted"] = c10::IValue::make_capsule(wanted);
    return chosen.sub(log_sum);
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto column = gradients[0].unsqueeze(1); // (n, 1)
    variable_list result(3);
    if (saved[0].defined()) {
      result[0] = saved[0].mul(column);
    }
    if (saved[1].defined()) {
      const auto wanted = c10::static_intrusive_pointer_cast<WantedTokens>(context->saved_data["wanted"].toCapsule());
      result[1] = weight_gradient(*wanted, saved[1], saved[2], column);
    }
    return result;
  }

private:
  // Σ_i g_i · (onehot_i − p_i)ᵀ · hidden_i, slice by slice: (vocabulary, hidden)
  static at::Tensor weight_gradient(const WantedTokens &wanted, const at::Tensor &hidden, const at::Tensor &log_sum,
                                    const at::Tensor &gradient) {
    const auto &head = *wanted.head;
    auto result = at::empty({head.out(), head.in()}, head.trained.options().requires_grad(false));
    for (std::int64_t begin = 0; begin < head.out(); begin += kSlice) {
      auto slice = logits_of(hidden, head, begin, wanted.softcap);
      auto push = slice.logits.sub_(log_sum.unsqueeze(1)).exp_().neg_(); // (n, slice)
      const auto hits = hits_of(wanted.tokens, begin, begin + slice.weight.size(0));
      for (std::size_t i = 0; i < hits.rows.size(); ++i) {
        push[hits.rows[i]][hits.columns[i]].add_(1.0);
      }
      push.mul_(gradient);
      if (slice.slope.defined()) {
        push.mul_(slice.slope);
      }
      result.narrow(0, begin, slice.weight.size(0)).copy_(push.t().mm(hidden));
    }
    return result;
  }
};

} // namespace

at::Tensor token_log_probabilities(const at::Tensor &hidden, const Linear &head,
                                   const std::vector<std::int64_t> &tokens, float softcap) {
  auto wanted = c10::make_intrusive<WantedTokens>();
  wanted->tokens = tokens;
  wanted->head = &head;
  wanted->softcap = softcap;
  const auto trained = head.trained.defined() ? std::optional<at::Tensor>(head.trained) : std::nullopt;
  return TokenLogProbabilities::apply(hidden, trained, wanted);
}

at::Tensor all_logits(const at::Tensor &hidden, const Linear &head, float softcap) {
  const at::NoGradGuard no_gradient;
  auto result = at::empty({hidden.size(0), head.out()}, hidden.options());
  for (std::int64_t begin = 0; begin < head.out(); begin += kSlice) {
    const auto slice = logits_of(hidden, head, begin, softcap);
    result.narrow(1, begin, slice.weight.size(0)).copy_(slice.logits);
  }
  return result;
}

LogitLossSum logit_loss(const at::Tensor &hidden, const Linear &head, float softcap, const LogitLoss &loss) {
  constexpr std::int64_t kRows = 64;
  auto pulled = at::empty_like(hidden.detach());
  LogitLossSum result;
  {
    const at::NoGradGuard no_gradient;
    for (std::int64_t first = 0; first < hidden.size(0); first += kRows) {
      const auto count = std::min(kRows, hidden.size(0) - first);
      auto slopes = all_logits(hidden.detach().narrow(0, first, count), head, softcap);
      const auto cap_slope = softcap > 0 ? slopes.div(softcap).square_().neg_().add_(1.0) : at::Tensor();
      result.sum += loss(first, slopes);
      if (cap_slope.defined()) {
        slopes.mul_(cap_slope);
      }
      auto part = at::zeros({count, hidden.size(1)}, pulled.options());
      for (std::int64_t begin = 0; begin < head.out(); begin += kSlice) {
        const auto weight = slice_of(head, begin, std::min(begin + kSlice, head.out()));
        part.addmm_(slopes.narrow(1, begin, weight.size(0)), weight);
      }
      pulled.narrow(0, first, count).copy_(part);
    }
  }
  result.descent = hidden.mul(pulled).sum();
  return result;
}

} // namespace yanxing::nn
