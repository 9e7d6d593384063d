#include "nn/nf4.h"

#include "nn/dynamic_code.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

namespace yanxing::nn {
namespace {

constexpr std::int64_t kStretch = 1 << 22; // numbers that are in floats at a time; whole blocks
constexpr std::int64_t kBlocksAThread = 256;

// Of each byte, what its two codes stand for.
const std::array<std::array<float, 2>, 256> &pairs() {
  static const auto table = [] {
    std::array<std::array<float, 2>, 256> result{};
    for (std::size_t byte = 0; byte < result.size(); ++byte) {
      result[byte] = {Nf4::values()[byte >> 4], Nf4::values()[byte & 15]};
    }
    return result;
  }();
  return table;
}

// Halving over the 15 midpoints.
std::uint8_t nearest(float value, const std::array<float, 15> &midpoints) {
  std::size_t code = 0;
  for (std::size_t half = 8; half > 0; half /= 2) {
    code += value > midpoints[code + half - 1] ? half : 0;
  }
  return static_cast<std::uint8_t>(code);
}

const std::array<float, 15> &midpoints() {
  static const auto table = [] {
    std::array<float, 15> result{};
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i] = 0.5F * (Nf4::values()[i] + Nf4::values()[i + 1]);
    }
    return result;
  }();
  return table;
}

float largest_of(std::span<const float> numbers) {
  float largest = 0;
  for (const float number : numbers) {
    largest = std::max(largest, std::abs(number));
  }
  return largest;
}

} // namespace

const std::array<float, 16> &Nf4::values() {
  static constexpr std::array<float, 16> kValues = {
      -1.0F,
      -0.6961928009986877F,
      -0.5250730514526367F,
      -0.39491748809814453F,
      -0.28444138169288635F,
      -0.18477343022823334F,
      -0.09105003625154495F,
      0.0F,
      0.07958029955625534F,
      0.16093020141124725F,
      0.24611230194568634F,
      0.33791524171829224F,
      0.44070982933044434F,
      0.5626170039176941F,
      0.7229568362236023F,
      1.0F,
  };
  return kValues;
}

Nf4 Nf4::quantise(std::int64_t count, bool double_quantization,
                  const std::function<void(std::int64_t begin, std::span<float> out)> &read) {
  Nf4 result;
  result.count_ = count;
  const auto blocks = (count + kBlock - 1) / kBlock;
  result.codes_.resize(static_cast<std::size_t>((count + 1) / 2));
  result.scales_.resize(static_cast<std::size_t>(blocks));
  std::vector<float> numbers(static_cast<std::size_t>(std::min(kStretch, count)));
  for (std::int64_t begin = 0; begin < count; begin += kStretch) {
    const std::span stretch(numbers.data(), static_cast<std::size_t>(std::min(kStretch, count - begin)));
    read(begin, stretch);
    const auto first = begin / kBlock;
    const auto here = (static_cast<std::int64_t>(stretch.size()) + kBlock - 1) / kBlock;
    at::parallel_for(0, here, kBlocksAThread, [&](std::int64_t from, std::int64_t to) {
      for (auto block = from; block < to; ++block) {
        const auto at = static_cast<std::size_t>(block * kBlock);
        const auto own = stretch.subspan(at, std::min<std::size_t>(kBlock, stretch.size() - at));
        const float scale = largest_of(own);
        result.scales_[static_cast<std::size_t>(first + block)] = scale;
        const float inverse = scale > 0 ? 1.0F / scale : 0.0F;
        auto *codes = result.codes_.data() + (begin + block * kBlock) / 2;
        for (std::size_t i = 0; i < own.size(); i += 2) {
          const auto high = nearest(own[i] * inverse, midpoints());
          const auto low = i + 1 < own.size() ? nearest(own[i + 1] * inverse, midpoints()) : std::uint8_t{7};
          codes[i / 2] = static_cast<std::uint8_t>(high << 4 | low);
        }
      }
    });
  }
  if (double_quantization) {
    result.quantise_scales();
  }
  return result;
}

void Nf4::quantise_scales() {
  double sum = 0;
  for (const float scale : scales_) {
    sum += static_cast<double>(scale);
  }
  scale_mean_ = scales_.empty() ? 0.0F : static_cast<float>(sum / static_cast<double>(scales_.size()));
  scale_codes_.resize(scales_.size());
  std::vector<float> centred;
  for (std::size_t begin = 0; begin < scales_.size(); begin += kScaleBlock) {
    const auto end = std::min(scales_.size(), begin + kScaleBlock);
    centred.assign(scales_.begin() + static_cast<std::ptrdiff_t>(begin),
                   scales_.begin() + static_cast<std::ptrdiff_t>(end));
    for (float &scale : centred) {
      scale -= scale_mean_;
    }
    const float largest = largest_of(centred);
    const float inverse = largest > 0 ? 1.0F / largest : 0.0F;
    scale_scales_.push_back(largest);
    for (std::size_t i = begin; i < end; ++i) {
      scale_codes_[i] = DynamicCode::with_sign().nearest(centred[i - begin] * inverse);
    }
  }
  scales_ = {};
}

float Nf4::scale_of(std::int64_t block) const {
  const auto at = static_cast<std::size_t>(block);
  return scale_codes_.empty()
             ? scales_[at]
             : DynamicCode::with_sign().values[scale_codes_[at]] * scale_scales_[at / kScaleBlock] + scale_mean_;
}

void Nf4::to_floats(std::int64_t begin, std::span<float> out) const {
  const auto &table = pairs();
  std::size_t done = 0;
  while (done < out.size()) {
    const auto at = begin + static_cast<std::int64_t>(done);
    const float scale = scale_of(at / kBlock);
    const auto size = std::min<std::size_t>(static_cast<std::size_t>(kBlock - at % kBlock), out.size() - done);
    float *target = out.data() + done;
    const std::uint8_t *codes = codes_.data() + at / 2;
    std::size_t i = 0;
    if (at % 2 != 0) { // the row begins in the middle of a byte
      target[i++] = table[*codes++][1] * scale;
    }
    for (; i + 1 < size; i += 2, ++codes) {
      target[i] = table[*codes][0] * scale;
      target[i + 1] = table[*codes][1] * scale;
    }
    if (i < size) {
      target[i] = table[*codes][0] * scale;
    }
    done += size;
  }
}

std::size_t Nf4::byte_count() const {
  return codes_.size() + scale_codes_.size() + sizeof(float) * (scales_.size() + scale_scales_.size());
}

} // namespace yanxing::nn
