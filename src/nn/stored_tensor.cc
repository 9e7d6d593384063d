#include "nn/stored_tensor.h"

#include <ggml.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace yanxing::nn {
namespace {

ggml_type type_of(Format format) { return static_cast<ggml_type>(format.ggml); }

// 8-bit floats (OCP FP8): E4M3 has no infinities and bias 7; E5M2 is the upper half of an IEEE half.
float from_e4m3(std::uint8_t bits) {
  const int exponent = (bits >> 3) & 15;
  const int mantissa = bits & 7;
  if (exponent == 15 && mantissa == 7) {
    return std::numeric_limits<float>::quiet_NaN();
  }
  const float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -9)
                                        : std::ldexp(1.0F + static_cast<float>(mantissa) / 8.0F, exponent - 7);
  return (bits & 128) != 0 ? -magnitude : magnitude;
}

float from_e5m2(std::uint8_t bits) {
  return ggml_fp16_to_fp32(static_cast<ggml_fp16_t>(static_cast<unsigned>(bits) << 8));
}

} // namespace

Format Format::f32() { return of_ggml(GGML_TYPE_F32); }

Format Format::of_ggml(int type) { return {kGgml, type}; }

Format Format::of_safetensors(std::string_view name) {
  if (name == "F32") {
    return of_ggml(GGML_TYPE_F32);
  }
  if (name == "F16") {
    return of_ggml(GGML_TYPE_F16);
  }
  if (name == "BF16") {
    return of_ggml(GGML_TYPE_BF16);
  }
  if (name == "F64") {
    return {kF64, -1};
  }
  if (name == "F8_E4M3") {
    return {kF8E4M3, -1};
  }
  if (name == "F8_E5M2") {
    return {kF8E5M2, -1};
  }
  return {};
}

bool Format::readable() const {
  if (kind != kGgml) {
    return kind != kUnsupported;
  }
  if (ggml < 0 || ggml >= GGML_TYPE_COUNT) {
    return false;
  }
  return ggml == GGML_TYPE_F32 || ggml_get_type_traits(type_of(*this))->to_float != nullptr;
}

bool Format::quantised() const { return kind == kGgml && readable() && ggml_is_quantized(type_of(*this)); }

std::string Format::name() const {
  switch (kind) {
  case kGgml:
    return ggml >= 0 && ggml < GGML_TYPE_COUNT ? ggml_type_name(type_of(*this)) : "ggml type " + std::to_string(ggml);
  case kF64:
    return "f64";
  case kF8E4M3:
    return "f8_e4m3";
  case kF8E5M2:
    return "f8_e5m2";
  case kUnsupported:
    break;
  }
  return "unsupported";
}

std::string Format::safetensors_name() const {
  switch (kind) {
  case kGgml:
    return ggml == GGML_TYPE_F32 ? "F32" : ggml == GGML_TYPE_F16 ? "F16" : ggml == GGML_TYPE_BF16 ? "BF16" : "";
  case kF64:
    return "F64";
  case kF8E4M3:
    return "F8_E4M3";
  case kF8E5M2:
    return "F8_E5M2";
  case kUnsupported:
    break;
  }
  return "";
}

Result<std::size_t> Format::row_bytes(std::int64_t columns) const {
  if (!readable()) {
    return Error{"numbers of the format " + name() + " cannot be read", ""};
  }
  if (kind != kGgml) {
    return static_cast<std::size_t>(columns) * (kind == kF64 ? 8 : 1);
  }
  if (columns % ggml_blck_size(type_of(*this)) != 0) {
    return Error{"a row of " + std::to_string(columns) + " numbers is no whole number of " + name() + " blocks", ""};
  }
  return ggml_row_size(type_of(*this), columns);
}

std::int64_t StoredTensor::count() const {
  std::int64_t product = 1;
  for (const auto size : shape) {
    product *= size;
  }
  return product;
}

void to_floats(Format format, std::span<const std::byte> bytes, std::span<float> out) {
  if (format.kind == Format::kGgml) {
    if (format.ggml == GGML_TYPE_F32) {
      std::memcpy(out.data(), bytes.data(), out.size_bytes());
    } else {
      ggml_get_type_traits(type_of(format))->to_float(bytes.data(), out.data(), static_cast<std::int64_t>(out.size()));
    }
    return;
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (format.kind == Format::kF64) {
      double value = 0;
      std::memcpy(&value, bytes.data() + 8 * i, 8);
      out[i] = static_cast<float>(value);
    } else {
      const auto bits = std::to_integer<std::uint8_t>(bytes[i]);
      out[i] = format.kind == Format::kF8E4M3 ? from_e4m3(bits) : from_e5m2(bits);
    }
  }
}

void to_floats(const StoredTensor &tensor, std::int64_t begin, std::span<float> out) {
  const auto stride = *tensor.format.row_bytes(tensor.columns());
  const auto rows = out.size() / static_cast<std::size_t>(tensor.columns());
  to_floats(tensor.format, tensor.bytes.subspan(static_cast<std::size_t>(begin) * stride, rows * stride), out);
}

} // namespace yanxing::nn
