#include "nn/kernels.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/silu_backward.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace yanxing::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

std::int64_t grain(std::int64_t columns) { return std::max<std::int64_t>((1 << 14) / columns, 1); }

// Eight sums side by side, so that the compiler may use vectors without reordering a single sum's additions freely.
float dot(const float *a, const float *b, std::int64_t n) {
  std::array<float, 8> sums{};
  std::int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) {
      sums[lane] += a[i + static_cast<std::int64_t>(lane)] * b[i + static_cast<std::int64_t>(lane)];
    }
  }
  for (; i < n; ++i) {
    sums[0] += a[i] * b[i];
  }
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

struct RmsNorm : Function<RmsNorm> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &weight, double epsilon) {
    const auto n = x.size(-1);
    const auto rows = x.numel() / n;
    auto y = at::empty_like(x);
    auto scales = at::empty({rows}, x.options()); // 1 / root mean square
    const float *in = x.const_data_ptr<float>();
    const float *w = weight.const_data_ptr<float>();
    float *out = y.mutable_data_ptr<float>();
    float *scale = scales.mutable_data_ptr<float>();
    at::parallel_for(0, rows, grain(n), [&](std::int64_t from, std::int64_t to) {
      for (auto row = from; row < to; ++row) {
        const float *source = in + row * n;
        float *target = out + row * n;
        const float s = 1.0F / std::sqrt(dot(source, source, n) / static_cast<float>(n) + static_cast<float>(epsilon));
        scale[row] = s;
        for (std::int64_t i = 0; i < n; ++i) {
          target[i] = source[i] * s * w[i];
        }
      }
    });
    context->save_for_backward({x, weight, scales});
    return y;
  }

  // dx = s·(g ⊙ w − x·s²·mean(g ⊙ w ⊙ x)); dw = Σ g ⊙ x·s
  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0];
    const auto &weight = saved[1];
    const auto n = x.size(-1);
    const auto rows = x.numel() / n;
    const auto g = gradients[0].contiguous();
    at::Tensor dweight;
    if (context->needs_input_grad(1)) {
      dweight = g.mul(x).reshape({rows, n}).mul_(saved[2].unsqueeze(1)).sum(0);
    }
    if (!context->needs_input_grad(0)) {
      return {at::Tensor(), dweight, at::Tensor()};
    }
    auto dx = at::empty_like(x);
    const float *in = x.const_data_ptr<float>();
    const float *w = weight.const_data_ptr<float>();
    const float *scale = saved[2].const_data_ptr<float>();
    const float *gradient = g.const_data_ptr<float>();
    float *out = dx.mutable_data_ptr<float>();
    at::parallel_for(0, rows, grain(n), [&](std::int64_t from, std::int64_t to) {
      for (auto row = from; row < to; ++row) {
        const float *source = in + row * n;
        const float *incoming = gradient + row * n;
        float *target = out + row * n;
        for (std::int64_t i = 0; i < n; ++i) {
          target[i] = incoming[i] * w[i];
        }
        const float s = scale[row];
        const float pull = dot(target, source, n) / static_cast<float>(n) * s * s * s;
        for (std::int64_t i = 0; i < n; ++i) {
          target[i] = target[i] * s - source[i] * pull;
        }
      }
    });
    return {dx, dweight, at::Tensor()};
  }
};

// `direction` −1 turns back, which is the gradient.
at::Tensor turned(const at::Tensor &x, const at::Tensor &cosine, const at::Tensor &sine, float direction) {
  const auto tokens = x.size(0);
  const auto heads = x.size(1);
  const auto size = x.size(2);
  const auto half = cosine.size(1);
  auto y = at::empty({tokens, heads, size}, x.options());
  const float *in = x.const_data_ptr<float>();
  const auto token_stride = x.stride(0);
  const auto head_stride = x.stride(1);
  const float *cosines = cosine.const_data_ptr<float>();
  const float *sines = sine.const_data_ptr<float>();
  float *out = y.mutable_data_ptr<float>();
  at::parallel_for(0, tokens, grain(heads * size), [&](std::int64_t from, std::int64_t to) {
    for (auto token = from; token < to; ++token) {
      const float *c = cosines + token * half;
      const float *s = sines + token * half;
      for (std::int64_t head = 0; head < heads; ++head) {
        const float *source = in + token * token_stride + head * head_stride;
        float *target = out + (token * heads + head) * size;
        for (std::int64_t i = 0; i < half; ++i) {
          const float turn = direction * s[i];
          target[i] = source[i] * c[i] - source[half + i] * turn;
          target[half + i] = source[half + i] * c[i] + source[i] * turn;
        }
        std::copy(source + 2 * half, source + size, target + 2 * half);
      }
    }
  });
  return y;
}

struct Rotate : Function<Rotate> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &cosine,
                            const at::Tensor &sine) {
    context->save_for_backward({cosine, sine});
    return turned(x, cosine, sine, 1.0F);
  }
  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    auto g = gradients[0];
    if (g.stride(2) != 1) {
      g = g.contiguous();
    }
    return {turned(g, saved[0], saved[1], -1.0F), at::Tensor(), at::Tensor()};
  }
};

struct Gated : Function<Gated> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &gate, const at::Tensor &up, bool silu,
                            at::ScalarType kept) {
    context->save_for_backward({gate.to(kept), up.to(kept)});
    context->saved_data["silu"] = silu;
    return (silu ? at::silu(gate) : at::gelu(gate, "tanh")).mul_(up);
  }
  static variable_list backward(AutogradContext *context, variable_list gradients) {
    auto saved = context->get_saved_variables();
    saved = {saved[0].to(at::kFloat), saved[1].to(at::kFloat)};
    const auto &g = gradients[0];
    const bool silu = context->saved_data["silu"].toBool();
    auto dup = (silu ? at::silu(saved[0]) : at::gelu(saved[0], "tanh")).mul_(g);
    const auto dactive = g.mul(saved[1]);
    auto dgate = silu ? at::silu_backward(dactive, saved[0]) : at::gelu_backward(dactive, saved[0], "tanh");
    return {dgate, dup, at::Tensor(), at::Tensor()};
  }
};

} // namespace

at::Tensor rms_norm(const at::Tensor &x, const at::Tensor &weight, float epsilon) {
  return RmsNorm::apply(x.contiguous(), weight, static_cast<double>(epsilon));
}

namespace {

// For each token, whether its tree of segments reaches position `limit`.
std::vector<bool> in_far_tree(const PackedRow &row, std::int64_t limit) {
  std::vector<std::size_t> root(row.segments.size());
  std::vector<bool> far(row.segments.size(), false);
  for (std::size_t i = 0; i < row.segments.size(); ++i) {
    const auto &segment = row.segments[i];
    root[i] = segment.parent < 0 ? i : root[static_cast<std::size_t>(segment.parent)];
    if (row.positions[static_cast<std::size_t>(segment.end - 1)] >= limit) {
      far[root[i]] = true;
    }
  }
  std::vector<bool> result;
  for (std::size_t i = 0; i < row.segments.size(); ++i) {
    result.insert(result.end(), static_cast<std::size_t>(row.segments[i].end - row.segments[i].begin), far[root[i]]);
  }
  return result;
}

} // namespace

Rotation rotation(const RopeConfig &rope, const PackedRow &row) {
  const auto tokens = static_cast<std::int64_t>(row.positions.size());
  const auto half = static_cast<std::int64_t>(rope.inverse_frequencies.size());
  const bool has_long = !rope.long_inverse_frequencies.empty();
  const auto far = has_long ? in_far_tree(row, rope.switch_at) : std::vector<bool>(row.positions.size(), false);
  Rotation result{at::empty({tokens, half}, at::kFloat), at::empty({tokens, half}, at::kFloat)};
  float *cosine = result.cosine.mutable_data_ptr<float>();
  float *sine = result.sine.mutable_data_ptr<float>();
  const bool three = !row.axes.empty() && !rope.axes.empty();
  for (std::size_t token = 0; token < row.positions.size(); ++token) {
    const auto &frequencies = far[token] ? rope.long_inverse_frequencies : rope.inverse_frequencies;
    for (std::size_t pair = 0; pair < frequencies.size(); ++pair) {
      const auto position = three ? row.axes[token].at(rope.axes[pair]) : row.positions[token];
      const float angle = static_cast<float>(position) * frequencies[pair];
      *cosine++ = std::cos(angle) * rope.attention_factor;
      *sine++ = std::sin(angle) * rope.attention_factor;
    }
  }
  return result;
}

at::Tensor rotate(const at::Tensor &x, const Rotation &by) { return Rotate::apply(x, by.cosine, by.sine); }

at::Tensor gated(const at::Tensor &gate, const at::Tensor &up, Activation activation, at::ScalarType kept) {
  return Gated::apply(gate, up, activation == Activation::kSilu, kept);
}

} // namespace yanxing::nn
