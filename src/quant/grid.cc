#include "quant/grid.h"

#include <ATen/ops/full_like.h>

namespace yanxing::quant {

at::Tensor QuantizedMatrix::dequantized() const {
  const auto out = codes.size(0);
  const auto in = codes.size(1);
  if (group_of.defined()) {
    const auto at = group_of.to(at::kLong);
    return codes.to(at::kFloat).sub(zeros.to(at::kFloat).index_select(1, at)).mul(scales.index_select(1, at));
  }
  return codes.to(at::kFloat)
      .reshape({out, -1, grid.group_size})
      .sub(zeros.to(at::kFloat).unsqueeze(2))
      .mul(scales.unsqueeze(2))
      .reshape({out, in});
}

std::pair<at::Tensor, at::Tensor> fit(const at::Tensor &part, const Grid &grid) {
  constexpr float kLeast = 1e-5F; // as AutoAWQ; a smaller scale would vanish in half precision
  const auto top = static_cast<float>(grid.top());
  if (grid.symmetric) {
    auto scale = part.abs().amax(-1, true).mul(2.0F / top).clamp_min(kLeast).to(at::kHalf).to(at::kFloat);
    auto zero = at::full_like(scale, static_cast<float>((grid.top() + 1) / 2));
    return {scale, zero};
  }
  const auto high = part.amax(-1, true).clamp_min(0);
  const auto low = part.amin(-1, true).clamp_max(0);
  auto scale = high.sub(low).div(top).clamp_min(kLeast).to(at::kHalf).to(at::kFloat);
  auto zero = low.neg().div(scale).round().clamp(0, top);
  return {scale, zero};
}

QuantizedMatrix round_to_nearest(const at::Tensor &weight, const Grid &grid) {
  const auto groups = weight.reshape({weight.size(0), -1, grid.group_size}); // (out, groups, group_size)
  const auto [scale, zero] = fit(groups, grid);
  QuantizedMatrix result;
  result.grid = grid;
  result.codes = groups.div(scale).round_().add_(zero).clamp_(0, grid.top()).to(at::kByte).reshape(weight.sizes());
  result.scales = scale.squeeze(2);
  result.zeros = zero.squeeze(2).to(at::kByte);
  return result;
}

at::Tensor rounded(const at::Tensor &weight, const Grid &grid) {
  const auto groups = weight.reshape({weight.size(0), -1, grid.group_size});
  const auto [scale, zero] = fit(groups, grid);
  return groups.div(scale).round_().add_(zero).clamp_(0, grid.top()).sub_(zero).mul_(scale).reshape(weight.sizes());
}

} // namespace yanxing::quant
