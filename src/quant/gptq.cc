#include "quant/gptq.h"

#include "quant/calibration.h"
#include "quant/layer_parts.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cholesky_inverse.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace yanxing::quant {
namespace {

constexpr std::int64_t kMostBytes = 2'000'000'000; // of Hessians at a time
constexpr std::int64_t kBlock = 128;               // columns whose corrections reach the rest of the matrix together

// The upper Cholesky factor of the damped Hessian's inverse; undefined where it has none.
at::Tensor factor_of(const at::Tensor &hessian, double damping) {
  auto damped = hessian.clone();
  damped.diagonal().add_(hessian.diagonal().mean().mul(damping));
  const auto [lower, wrong] = at::linalg_cholesky_ex(damped);
  if (wrong.item<int>() != 0) {
    return {};
  }
  const auto [upper, wrong_again] = at::linalg_cholesky_ex(at::cholesky_inverse(lower), true);
  return wrong_again.item<int>() == 0 ? upper : at::Tensor();
}

// A layer's linear layers, each with the one whose input it shares.
std::vector<std::pair<nn::Linear *, nn::Linear *>> linears_of(const LayerParts &layer) {
  std::vector<std::pair<nn::Linear *, nn::Linear *>> all;
  for (auto *linear : layer.entry) {
    all.emplace_back(linear, layer.entry.front());
  }
  all.emplace_back(layer.out, layer.out);
  for (const auto &mlp : layer.mlps) {
    for (auto *linear : mlp.entry) {
      all.emplace_back(linear, mlp.entry.front());
    }
    all.emplace_back(mlp.down, mlp.down);
  }
  return all;
}

// Bytes of a layer's Hessians.
std::int64_t gram_bytes(const LayerParts &layer) {
  std::int64_t bytes = 0;
  for (const auto &[linear, shown] : linears_of(layer)) {
    bytes += linear == shown ? 4 * linear->in() * linear->in() : 0;
  }
  return bytes;
}

} // namespace

Result<QuantizedMatrix> gptq(const at::Tensor &weight, const at::Tensor &gram, const GptqSettings &settings) {
  const at::NoGradGuard no_gradient;
  const auto &grid = settings.grid;
  const auto in = weight.size(1);
  auto columns = weight.t().contiguous(); // (in, out): a column of the matrix is a row here
  auto hessian = gram.clone();
  const auto dead = hessian.diagonal().eq(0); // inputs that never are anything
  hessian.diagonal().masked_fill_(dead, 1.0);
  columns.masked_fill_(dead.unsqueeze(1), 0.0);
  at::Tensor order;
  if (settings.act_order) {
    order = at::argsort(hessian.diagonal(), 0, true);
    columns = columns.index_select(0, order);
    hessian = hessian.index_select(0, order).index_select(1, order);
  }
  const auto factor = factor_of(hessian, settings.damping);
  if (!factor.defined()) {
    return Error{"the Hessian of the calibration data cannot be inverted",
                 "Give more samples, or a larger --damp_percent"};
  }
  auto codes = at::empty(columns.sizes(), at::kByte); // (in, out)
  std::vector<at::Tensor> scales;
  std::vector<at::Tensor> zeros;
  const auto block = std::max<std::int64_t>(1, kBlock / grid.group_size) * grid.group_size; // whole groups
  for (std::int64_t begin = 0; begin < in; begin += block) {
    const auto size = std::min(block, in - begin);
    const auto part = columns.narrow(0, begin, size); // changes in place
    const auto own = factor.narrow(0, begin, size).narrow(1, begin, size);
    auto errors = at::zeros_like(part);
    at::Tensor scale;
    at::Tensor zero;
    for (std::int64_t j = 0; j < size; ++j) {
      if (j % grid.group_size == 0) {
        std::tie(scale, zero) = fit(part.narrow(0, j, grid.group_size).t(), grid); // (out, 1)
        scales.push_back(scale);
        zeros.push_back(zero);
        scale = scale.squeeze(1);
        zero = zero.squeeze(1);
      }
      const auto column = part.select(0, j);
      const auto code = column.div(scale).round_().add_(zero).clamp_(0, grid.top());
      codes.select(0, begin + j).copy_(code);
      const auto error = column.sub(code.sub(zero).mul_(scale)).div_(own.select(0, j).select(0, j));
      part.narrow(0, j, size - j).sub_(own.select(0, j).narrow(0, j, size - j).unsqueeze(1).mul(error.unsqueeze(0)));
      errors.select(0, j).copy_(error);
    }
    if (begin + size < in) {
      const auto rest = in - begin - size;
      columns.narrow(0, begin + size, rest)
          .sub_(factor.narrow(0, begin, size).narrow(1, begin + size, rest).t().mm(errors));
    }
  }
  QuantizedMatrix result;
  result.grid = grid;
  result.scales = at::cat(scales, 1);
  result.zeros = at::cat(zeros, 1).to(at::kByte);
  if (settings.act_order) {
    auto back = at::empty({in}, at::kLong);
    back.scatter_(0, order, at::arange(in, at::kLong));
    codes = codes.index_select(0, back);
    result.group_of = back.floor_divide(grid.group_size).to(at::kInt);
  }
  result.codes = codes.t().contiguous();
  return result;
}

namespace {

Status quantize_layer(const LayerParts &layer, const InputsOf &inputs, const GptqSettings &settings,
                      QuantizedModel &result) {
  for (const auto &[linear, shown] : linears_of(layer)) {
    const auto &own = inputs.at(shown);
    const auto weight = linear->merged();
    auto matrix = own.tokens > 0 ? gptq(weight, own.gram, settings)
                                 : Result<QuantizedMatrix>(round_to_nearest(weight, settings.grid));
    if (!matrix) {
      return Error{linear->name + ": " + matrix.error().what, matrix.error().hint};
    }
    if (own.tokens > 0) {
      result.errors.push_back({linear->name, relative_error(own.kept, rounded(weight, settings.grid), weight),
                               relative_error(own.kept, matrix->dequantized(), weight)});
    }
    result.linears.push_back({linear->name, std::move(*matrix)});
  }
  return {};
}

} // namespace

Result<QuantizedModel> quantize_gptq(nn::Decoder &decoder, const std::vector<nn::PackedRow> &rows,
                                     const GptqSettings &settings) {
  const at::NoGradGuard no_gradient;
  const auto bits = settings.grid.bits;
  if (bits != 2 && bits != 4 && bits != 8) {
    return Error{"GPTQ's layout has 2, 4 or 8 bits here, not " + std::to_string(bits), "Use --quant_bits 4"};
  }
  if (auto good = check_shapes(decoder, settings.grid); !good) {
    return good.error();
  }
  const auto layers = parts_of(decoder);
  QuantizedModel result;
  for (std::size_t begin = 0; begin < layers.size();) {
    // As many layers as have room read the rows together.
    std::vector<const nn::Linear *> wanted;
    std::int64_t bytes = 0;
    auto end = begin;
    for (; end < layers.size() && (end == begin || bytes + gram_bytes(layers[end]) <= kMostBytes); ++end) {
      bytes += gram_bytes(layers[end]);
      for (const auto &[linear, shown] : linears_of(layers[end])) {
        if (linear == shown) {
          wanted.push_back(linear);
        }
      }
    }
    const auto inputs = observe(decoder, rows, wanted, true);
    for (; begin < end; ++begin) {
      if (auto done = quantize_layer(layers[begin], inputs, settings, result); !done) {
        return done.error();
      }
      if (settings.progress) {
        settings.progress(static_cast<double>(begin + 1) / static_cast<double>(layers.size()));
      }
    }
  }
  return result;
}

Json gptq_description(const GptqSettings &settings) {
  return {{"quant_method", "gptq"},         {"bits", settings.grid.bits},     {"group_size", settings.grid.group_size},
          {"desc_act", settings.act_order}, {"sym", settings.grid.symmetric}, {"damp_percent", settings.damping},
          {"static_groups", false},         {"true_sequential", false},       {"lm_head", false},
          {"checkpoint_format", "gptq"}};
}

} // namespace yanxing::quant
