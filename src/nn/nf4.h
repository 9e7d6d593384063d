// Four-bit NormalFloat (QLoRA, arXiv:2305.14314): blocks of 64 numbers share a scale, their largest magnitude; each
// number is the nearest of 16 quantiles of a normal distribution. With double quantization the scales less their mean
// are eight-bit codes themselves, 256 of them to a scale: 0.516 bytes a number instead of 0.5625. Tables and rounding
// are bitsandbytes'.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace yanxing::nn {

class Nf4 {
public:
  static constexpr std::int64_t kBlock = 64;       // numbers that share a scale
  static constexpr std::int64_t kScaleBlock = 256; // scales that share one
  static const std::array<float, 16> &values();

  // `read(begin, out)` gives the numbers from `begin` on; it is called for consecutive stretches, in order.
  static Nf4 quantise(std::int64_t count, bool double_quantization,
                      const std::function<void(std::int64_t begin, std::span<float> out)> &read);

  // Numbers [begin, begin + out.size()). Safe to call from several threads.
  void to_floats(std::int64_t begin, std::span<float> out) const;
  [[nodiscard]] std::size_t byte_count() const;
  [[nodiscard]] std::int64_t count() const { return count_; }

private:
  [[nodiscard]] float scale_of(std::int64_t block) const;
  void quantise_scales();

  std::int64_t count_ = 0;
  std::vector<std::uint8_t> codes_; // two to a byte, the earlier one in the upper half
  std::vector<float> scales_;       // one a block; empty with double quantization
  std::vector<std::uint8_t> scale_codes_;
  std::vector<float> scale_scales_; // one to kScaleBlock scales
  float scale_mean_ = 0;
};

} // namespace yanxing::nn
