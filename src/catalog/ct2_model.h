// CTranslate2's model.bin: a table of named tensors. Opening reads the table and checks that all of it lies in the
// file.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace yanxing::catalog {

enum class Ct2Type : std::uint8_t { kFloat32 = 0, kInt8 = 1, kInt16 = 2, kInt32 = 3, kFloat16 = 4 };

struct Ct2Tensor {
  std::vector<std::uint32_t> shape;
  Ct2Type type = Ct2Type::kFloat32;
  std::uint64_t offset = 0; // of its first byte in the file
  std::uint64_t bytes = 0;

  [[nodiscard]] std::uint64_t elements() const;
};

class Ct2Model {
public:
  static Result<Ct2Model> open(const std::filesystem::path &model_bin);

  [[nodiscard]] const std::string &spec() const { return spec_; }
  [[nodiscard]] const Ct2Tensor *find(const std::string &name) const;
  // Layers of one side ("encoder", "decoder"): `<side>/layer_<i>/…`.
  [[nodiscard]] int layers(const std::string &side) const;
  // Elements [begin, end) as float32; the tensor must be of a float type.
  Result<std::vector<float>> floats(const Ct2Tensor &tensor, std::uint64_t begin, std::uint64_t end);
  // A scalar integer.
  Result<int> integer(const std::string &name);

private:
  std::filesystem::path file_;
  std::ifstream in_;
  std::string spec_;
  std::map<std::string, Ct2Tensor> tensors_;
};

float half_to_float(std::uint16_t half);
std::uint16_t float_to_half(float value); // rounds to nearest even

} // namespace yanxing::catalog
