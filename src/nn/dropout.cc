#include "nn/dropout.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

namespace yanxing::nn {
namespace {

// A bijective mix of 32 bits ("lowbias32", Wellons 2018).
std::uint32_t mixed(std::uint32_t bits) {
  bits ^= bits >> 16;
  bits *= 0x7FEB352DU;
  bits ^= bits >> 15;
  bits *= 0x846CA68BU;
  bits ^= bits >> 16;
  return bits;
}

} // namespace

at::Tensor dropped(const at::Tensor &x, float rate, std::uint64_t seed) {
  auto result = at::empty_like(x);
  const float *in = x.const_data_ptr<float>();
  float *out = result.mutable_data_ptr<float>();
  const float scale = 1.0F / (1.0F - rate);
  const auto limit = static_cast<std::uint32_t>(static_cast<double>(rate) * 4294967296.0);
  const auto low = mixed(static_cast<std::uint32_t>(seed));
  const auto high = mixed(static_cast<std::uint32_t>(seed >> 32) ^ low);
  at::parallel_for(0, x.numel(), 1 << 15, [&](std::int64_t from, std::int64_t to) {
    for (std::int64_t i = from; i < to; ++i) {
      const auto bits = mixed((static_cast<std::uint32_t>(i) ^ low) * 0x9E3779B9U + high);
      out[i] = bits < limit ? 0.0F : in[i] * scale;
    }
  });
  return result;
}

at::Tensor noise(std::int64_t rows, std::int64_t columns, float limit, std::uint64_t seed) {
  auto result = at::empty({rows, columns}, at::kFloat);
  float *out = result.mutable_data_ptr<float>();
  const auto low = mixed(static_cast<std::uint32_t>(seed));
  const auto high = mixed(static_cast<std::uint32_t>(seed >> 32) ^ low);
  for (std::int64_t i = 0; i < result.numel(); ++i) {
    const auto bits = mixed((static_cast<std::uint32_t>(i) ^ low) * 0x9E3779B9U + high);
    out[i] = (static_cast<float>(bits >> 8) * 0x1p-23F - 1.0F) * limit;
  }
  return result;
}

} // namespace yanxing::nn
