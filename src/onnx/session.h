// Running ONNX models on the CPU through ONNX Runtime's C ABI (docs/adr/0002). The only includer of the ABI slice.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace yanxing::onnx {

struct Tensor {
  std::vector<std::int64_t> shape;
  std::variant<std::vector<float>, std::vector<std::int64_t>> data; // row-major; size = product of shape

  [[nodiscard]] const std::vector<float> &floats() const { return std::get<0>(data); }
};

class Session {
public:
  // Errors: missing, truncated or foreign file. Idle threads sleep, they do not spin.
  static Result<std::unique_ptr<Session>> open(const std::filesystem::path &model, int threads);
  virtual ~Session() = default;
  // Inputs by name; outputs in the model's order. Thread-safe. Errors carry the runtime's own message.
  virtual Result<std::vector<Tensor>> run(const std::vector<std::pair<std::string, Tensor>> &inputs) = 0;
  [[nodiscard]] virtual std::vector<std::string> input_names() const = 0;
  [[nodiscard]] virtual std::vector<std::string> output_names() const = 0;
  // Value of a custom metadata key, "" where absent.
  [[nodiscard]] virtual std::string metadata(const std::string &key) const = 0;
};

} // namespace yanxing::onnx
