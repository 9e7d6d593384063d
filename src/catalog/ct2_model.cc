#include "catalog/ct2_model.h"

#include <array>
#include <bit>
#include <cstring>

namespace yanxing::catalog {
namespace {

constexpr const char *kFetchAgain = "Fetch the model again";

int element_size(Ct2Type type) {
  switch (type) {
  case Ct2Type::kInt8:
    return 1;
  case Ct2Type::kInt16:
  case Ct2Type::kFloat16:
    return 2;
  default:
    return 4;
  }
}

// Little-endian values from a file whose every length is doubted.
class Reader {
public:
  Reader(std::ifstream &in, std::uint64_t size) : in_(in), size_(size) {}

  template <class T> bool read(T &value) {
    std::array<char, sizeof(T)> raw{};
    if (!take(raw.size()) || !in_.read(raw.data(), raw.size())) {
      return false;
    }
    value = std::bit_cast<T>(raw);
    return true;
  }
  // Length-prefixed, with a closing NUL in the count.
  bool read(std::string &text) {
    std::uint16_t length = 0;
    if (!read(length) || !take(length)) {
      return false;
    }
    text.resize(length);
    if (!in_.read(text.data(), length)) {
      return false;
    }
    text.resize(text.find_last_not_of('\0') + 1);
    return true;
  }
  bool skip(std::uint64_t bytes) {
    return take(bytes) && in_.seekg(static_cast<std::streamoff>(bytes), std::ios::cur).good();
  }
  [[nodiscard]] std::uint64_t at() const { return at_; }

private:
  bool take(std::uint64_t bytes) {
    if (bytes > size_ - at_) {
      return false;
    }
    at_ += bytes;
    return true;
  }
  std::ifstream &in_;
  std::uint64_t size_;
  std::uint64_t at_ = 0;
};

bool read_tensor(Reader &reader, Ct2Tensor &tensor) {
  constexpr int kMostDimensions = 4;
  std::uint8_t rank = 0;
  if (!reader.read(rank) || rank > kMostDimensions) {
    return false;
  }
  tensor.shape.resize(rank);
  for (auto &extent : tensor.shape) {
    if (!reader.read(extent) || extent == 0 || extent > (1U << 24U)) {
      return false;
    }
  }
  std::uint8_t type = 0;
  std::uint32_t bytes = 0;
  if (!reader.read(type) || type > static_cast<std::uint8_t>(Ct2Type::kFloat16) || !reader.read(bytes)) {
    return false;
  }
  tensor.type = static_cast<Ct2Type>(type);
  tensor.bytes = bytes;
  tensor.offset = reader.at();
  // At most 2^32 bytes follow, so the product below, of extents up to 2^24, is held against that step by step.
  std::uint64_t elements = 1;
  for (const auto extent : tensor.shape) {
    elements *= extent;
    if (elements > bytes) {
      return false;
    }
  }
  return elements * static_cast<std::uint64_t>(element_size(tensor.type)) == bytes && reader.skip(bytes);
}

} // namespace

std::uint64_t Ct2Tensor::elements() const { return bytes / static_cast<std::uint64_t>(element_size(type)); }

Result<Ct2Model> Ct2Model::open(const std::filesystem::path &model_bin) {
  std::error_code code;
  const auto size = std::filesystem::file_size(model_bin, code);
  if (code) {
    return Error{model_bin.string() + " cannot be read: " + code.message(), "Check the path"};
  }
  Ct2Model model;
  model.file_ = model_bin;
  model.in_.open(model_bin, std::ios::binary);
  Reader reader(model.in_, size);
  std::uint32_t version = 0;
  std::uint32_t revision = 0;
  std::uint32_t count = 0;
  const bool known = reader.read(version) && version >= 5 && version <= 64 && reader.read(model.spec_) &&
                     reader.read(revision) && reader.read(count);
  if (!known || !model.spec_.ends_with("Spec") || count > 100000) {
    return Error{model_bin.string() + " is not a CTranslate2 model", kFetchAgain};
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string name;
    Ct2Tensor tensor;
    if (!reader.read(name) || !read_tensor(reader, tensor)) {
      return Error{model_bin.string() + " is truncated or damaged", kFetchAgain};
    }
    model.tensors_.emplace(std::move(name), std::move(tensor));
  }
  return model;
}

const Ct2Tensor *Ct2Model::find(const std::string &name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

int Ct2Model::layers(const std::string &side) const {
  int count = 0;
  while (find(side + "/layer_" + std::to_string(count) + "/ffn/layer_norm/gamma") != nullptr) {
    ++count;
  }
  return count;
}

Result<std::vector<float>> Ct2Model::floats(const Ct2Tensor &tensor, std::uint64_t begin, std::uint64_t end) {
  if (tensor.type != Ct2Type::kFloat16 && tensor.type != Ct2Type::kFloat32) {
    return Error{file_.string() + " holds quantised weights", "Use a float16 or float32 model"};
  }
  const auto width = static_cast<std::uint64_t>(element_size(tensor.type));
  std::vector<char> raw((end - begin) * width);
  in_.clear();
  in_.seekg(static_cast<std::streamoff>(tensor.offset + begin * width));
  if (!in_.read(raw.data(), static_cast<std::streamsize>(raw.size()))) {
    return Error{file_.string() + " cannot be read any more", kFetchAgain};
  }
  std::vector<float> values(end - begin);
  if (tensor.type == Ct2Type::kFloat32) {
    std::memcpy(values.data(), raw.data(), raw.size());
    return values;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint16_t half = 0;
    std::memcpy(&half, raw.data() + i * sizeof half, sizeof half);
    values[i] = half_to_float(half);
  }
  return values;
}

Result<int> Ct2Model::integer(const std::string &name) {
  const auto *tensor = find(name);
  if (tensor == nullptr || tensor->elements() != 1 || tensor->type == Ct2Type::kFloat16 ||
      tensor->type == Ct2Type::kFloat32) {
    return Error{file_.string() + " lacks the number \"" + name + "\"", kFetchAgain};
  }
  std::array<unsigned char, 4> raw{};
  in_.clear();
  in_.seekg(static_cast<std::streamoff>(tensor->offset));
  if (!in_.read(reinterpret_cast<char *>(raw.data()), static_cast<std::streamsize>(tensor->bytes))) {
    return Error{file_.string() + " cannot be read any more", kFetchAgain};
  }
  return static_cast<int>(raw[0] | raw[1] << 8U | raw[2] << 16U | static_cast<unsigned>(raw[3]) << 24U);
}

// IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits.
float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16U;
  std::uint32_t exponent = (half >> 10U) & 0x1FU;
  std::uint32_t fraction = half & 0x3FFU;
  if (exponent == 0x1FU) {
    return std::bit_cast<float>(sign | 0x7F800000U | fraction << 13U);
  }
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F; // subnormal, exact
    return sign != 0 ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | (exponent + 112U) << 23U | fraction << 13U);
}

std::uint16_t float_to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16U) & 0x8000U);
  const auto magnitude = bits & 0x7FFFFFFFU;
  if (magnitude >= 0x7F800000U) { // infinite or not a number
    return static_cast<std::uint16_t>(sign | 0x7C00U | (magnitude > 0x7F800000U ? 0x200U : 0U));
  }
  if (magnitude >= 0x477FF000U) { // rounds past the largest half
    return static_cast<std::uint16_t>(sign | 0x7C00U);
  }
  if (magnitude < 0x38800000U) { // subnormal: adding 0.5 leaves the rounded fraction in the low bits
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000U));
  }
  const auto rounded = magnitude + 0xFFFU + ((magnitude >> 13U) & 1U);
  return static_cast<std::uint16_t>(sign | (rounded - 0x38000000U) >> 13U);
}

} // namespace yanxing::catalog
