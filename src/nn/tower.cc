#include "nn/tower.h"

#include "nn/kernels.h"
#include "nn/recompute.h"
#include "nn/rope.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace yanxing::nn {

at::Tensor values_of(const MediaInput &input, std::int64_t rows, std::int64_t columns) {
  if (rows < 1 || columns < 1 || static_cast<std::int64_t>(input.values.size()) != rows * columns) {
    throw std::runtime_error("a picture or sound of " + std::to_string(input.values.size()) +
                             " numbers does not fit this model, which takes " + std::to_string(rows) + " × " +
                             std::to_string(columns));
  }
  auto tensor = at::empty({rows, columns}, at::kFloat);
  std::copy(input.values.begin(), input.values.end(), tensor.mutable_data_ptr<float>());
  return tensor;
}

at::Tensor attend_within(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
                         const std::vector<std::int64_t> &sizes, float scale) {
  std::vector<at::Tensor> outputs;
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < sizes.size();) {
    const auto size = sizes[i];
    std::int64_t runs = 0; // of the same size, side by side: one batch
    for (; i < sizes.size() && sizes[i] == size; ++i) {
      ++runs;
    }
    // (runs, heads, size, head_dim)
    const auto batch = [&](const at::Tensor &x) {
      return x.narrow(0, begin, runs * size).unflatten(0, {runs, size}).transpose(1, 2);
    };
    const auto mixed = at::scaled_dot_product_attention(batch(q), batch(k), batch(v), std::nullopt, 0.0, false,
                                                        static_cast<double>(scale));
    outputs.push_back(mixed.transpose(1, 2).reshape({runs * size, q.size(1) * q.size(2)}));
    begin += runs * size;
  }
  return outputs.size() == 1 ? outputs[0] : at::cat(outputs);
}

Rotation plane_rotation(const std::vector<std::int64_t> &rows, const std::vector<std::int64_t> &columns,
                        std::int64_t head_dim, float theta) {
  const auto frequencies = inverse_frequencies(theta, head_dim / 2);
  const auto tokens = static_cast<std::int64_t>(rows.size());
  const auto half = 2 * static_cast<std::int64_t>(frequencies.size());
  Rotation result{at::empty({tokens, half}, at::kFloat), at::empty({tokens, half}, at::kFloat)};
  float *cosine = result.cosine.mutable_data_ptr<float>();
  float *sine = result.sine.mutable_data_ptr<float>();
  for (std::size_t token = 0; token < rows.size(); ++token) {
    for (const auto position : {rows[token], columns[token]}) {
      for (const float frequency : frequencies) {
        const float angle = static_cast<float>(position) * frequency;
        *cosine++ = std::cos(angle);
        *sine++ = std::sin(angle);
      }
    }
  }
  return result;
}

at::Tensor block(const at::Tensor &x, bool recompute, const std::function<at::Tensor(const at::Tensor &)> &run) {
  if (!recompute || !at::GradMode::is_enabled()) {
    return run(x);
  }
  // Else autograd would not come back for what is trained within the first blocks.
  return recomputed(x.requires_grad() ? x : x.detach().set_requires_grad(true), at::kFloat, run);
}

} // namespace yanxing::nn
