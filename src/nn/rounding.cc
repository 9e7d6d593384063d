#include "nn/rounding.h"

#include <ATen/Parallel.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <bit>
#include <cmath>

namespace yanxing::nn {
namespace {

constexpr std::int64_t kGrain = 1 << 14;

// A bijective mix of 32 bits ("lowbias32", Wellons 2018).
std::uint32_t mixed(std::uint32_t bits) {
  bits ^= bits >> 16;
  bits *= 0x7FEB352DU;
  bits ^= bits >> 15;
  bits *= 0x846CA68BU;
  bits ^= bits >> 16;
  return bits;
}

// A float keeps its upper bits after a random number below the unit of the last one was added: a carry rounds up.
float dithered(float value, std::uint32_t random, unsigned dropped_bits) {
  if (!std::isfinite(value)) {
    return value;
  }
  const auto mask = (1U << dropped_bits) - 1U;
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(value) + (random & mask)) & ~mask);
}

template <class Half> void round_all(const at::Tensor &from, const at::Tensor &to, std::uint64_t seed, unsigned bits) {
  const float *in = from.const_data_ptr<float>();
  Half *out = to.mutable_data_ptr<Half>();
  const auto low = mixed(static_cast<std::uint32_t>(seed));
  const auto high = mixed(static_cast<std::uint32_t>(seed >> 32) ^ low);
  at::parallel_for(0, from.numel(), kGrain, [=](std::int64_t begin, std::int64_t end) {
    for (auto i = begin; i < end; ++i) {
      const auto random = mixed((static_cast<std::uint32_t>(i) ^ low) * 0x9E3779B9U + high);
      out[i] = static_cast<Half>(dithered(in[i], random, bits));
    }
  });
}

} // namespace

void round_at_random(const at::Tensor &from, const at::Tensor &to, std::uint64_t seed) {
  constexpr unsigned kBitsBelowBfloat16 = 16;
  constexpr unsigned kBitsBelowHalf = 13; // of a half's normal range; what is smaller is rounded to the nearest
  if (to.scalar_type() == at::kBFloat16) {
    round_all<c10::BFloat16>(from, to, seed, kBitsBelowBfloat16);
  } else {
    round_all<c10::Half>(from, to, seed, kBitsBelowHalf);
  }
}

std::int64_t bytes_of(at::ScalarType type) { return static_cast<std::int64_t>(c10::elementSize(type)); }

} // namespace yanxing::nn
