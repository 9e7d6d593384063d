// What Python's transformers and PEFT compute, made by reference/make.sh.
#pragma once

#include "nn/safetensors.h"

#include "support/source.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <unistd.h>

namespace yanxing::nn::reference {

// What the script makes; not made where it cannot be made (no Python, no package index).
class Reference {
public:
  // `option` of make.sh: "--vision", or empty.
  explicit Reference(const std::string &option)
      : folder_(std::filesystem::temp_directory_path() /
                ("yanxing-parity" + option + "-" + std::to_string(::getpid()))) {
    const auto script = test::source("tests/nn/reference/make.sh");
    const auto log = folder_.string() + ".log";
    const auto command = "'" + script.string() + "' " + option + " '" + folder_.string() + "' >'" + log + "' 2>&1";
    made_ = std::system(command.c_str()) == 0;
    log_ = log;
  }
  ~Reference() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
    if (made_) {
      std::filesystem::remove(log_, ignored);
    }
  }
  Reference(const Reference &) = delete;
  Reference &operator=(const Reference &) = delete;
  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] const std::filesystem::path &folder() const { return folder_; }
  [[nodiscard]] const std::string &log() const { return log_; }

private:
  std::filesystem::path folder_;
  std::string log_;
  bool made_ = false;
};

inline std::map<std::string, at::Tensor> read_tensors(const std::filesystem::path &file) {
  std::map<std::string, at::Tensor> result;
  const auto opened = open_safetensors(file);
  EXPECT_TRUE(opened.ok()) << file;
  for (const auto &stored : opened->tensors) {
    auto tensor = at::empty(stored.shape, at::kFloat);
    to_floats(stored.format, stored.bytes,
              {tensor.mutable_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())});
    result[stored.name] = tensor;
  }
  return result;
}

inline double worst(const at::Tensor &a, const at::Tensor &b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return a.sub(b).abs().max().item<double>();
}

} // namespace yanxing::nn::reference
