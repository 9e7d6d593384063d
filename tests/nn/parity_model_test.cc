// Logits, loss and every adapter gradient against Python's transformers and PEFT on tiny random checkpoints of each
// family (reference/make_parity.py), with a packed row that shares a prefix where the reference runs each sample alone.
#include "nn/model.h"
#include "nn/safetensors.h"

#include "base/json.h"
#include "support/source.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <iostream>
#include <map>
#include <numeric>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
namespace nn = yanxing::nn;

constexpr double kTolerance = 1e-4;

// What the script makes; not made where it cannot be made (no Python, no package index).
class Reference {
public:
  Reference() : folder_(fs::temp_directory_path() / ("yanxing-parity-" + std::to_string(::getpid()))) {
    const auto script = yanxing::test::source("tests/nn/reference/make.sh");
    const auto log = folder_.string() + ".log";
    const auto command = "'" + script.string() + "' '" + folder_.string() + "' >'" + log + "' 2>&1";
    made_ = std::system(command.c_str()) == 0;
    log_ = log;
  }
  ~Reference() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
    if (made_) {
      fs::remove(log_, ignored);
    }
  }
  Reference(const Reference &) = delete;
  Reference &operator=(const Reference &) = delete;
  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] const fs::path &folder() const { return folder_; }
  [[nodiscard]] const std::string &log() const { return log_; }

private:
  fs::path folder_;
  std::string log_;
  bool made_ = false;
};

nn::PackedRow read_row(const fs::path &file) {
  const auto json = yanxing::read_json_file(file);
  nn::PackedRow row;
  row.tokens = (*json)["tokens"].get<std::vector<std::int64_t>>();
  row.positions = (*json)["positions"].get<std::vector<std::int64_t>>();
  for (const auto &segment : (*json)["segments"]) {
    row.segments.push_back({segment[0], segment[1], segment[2]});
  }
  for (const auto &target : (*json)["targets"]) {
    row.targets.push_back({target[0], target[1], target[2], target[3]});
  }
  return row;
}

std::map<std::string, at::Tensor> read_tensors(const fs::path &file) {
  std::map<std::string, at::Tensor> result;
  const auto opened = nn::open_safetensors(file);
  EXPECT_TRUE(opened.ok()) << file;
  for (const auto &stored : opened->tensors) {
    auto tensor = at::empty(stored.shape, at::kFloat);
    nn::to_floats(stored.format, stored.bytes,
                  {tensor.mutable_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())});
    result[stored.name] = tensor;
  }
  return result;
}

double worst(const at::Tensor &a, const at::Tensor &b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return a.sub(b).abs().max().item<double>();
}

void compare(const fs::path &folder) {
  const auto row = read_row(folder / "row.json");
  const auto expected = read_tensors(folder / "expected.safetensors");
  for (const bool as_stored : {true, false}) {
    auto model = nn::Model::load(folder, {.as_stored = as_stored});
    ASSERT_TRUE(model.ok()) << model.error().message();
    const auto adapted = (*model)->load_adapter(folder / "adapter");
    ASSERT_TRUE(adapted.ok()) << adapted.error().message();
    (*model)->recompute_layers(as_stored); // both ways must give the same

    // What is written is what PEFT wrote: the same names, shapes and numbers.
    ASSERT_TRUE((*model)->save_adapter(folder / "again", "").ok());
    const auto theirs = read_tensors(folder / "adapter" / "adapter_model.safetensors");
    const auto ours = read_tensors(folder / "again" / "adapter_model.safetensors");
    ASSERT_EQ(theirs.size(), ours.size());
    for (const auto &[name, tensor] : theirs) {
      ASSERT_TRUE(ours.contains(name)) << name;
      EXPECT_TRUE(ours.at(name).equal(tensor)) << name;
    }

    std::vector<std::int64_t> places(row.tokens.size());
    std::iota(places.begin(), places.end(), 0);
    const double logits = worst((*model)->logits(row, places), expected.at("logits"));
    const auto loss = (*model)->loss(row);
    nn::backward(loss);
    const double loss_error = worst(loss.detach().reshape({1}), expected.at("loss"));
    double gradients = 0;
    double largest = 0;
    std::size_t compared = 0;
    for (const auto &parameter : (*model)->parameters()) {
      const auto found = expected.find("gradient." + parameter.name);
      ASSERT_NE(found, expected.end()) << parameter.name;
      ASSERT_TRUE(parameter.tensor.grad().defined()) << parameter.name;
      const double error = worst(parameter.tensor.grad(), found->second);
      EXPECT_LE(error, kTolerance) << parameter.name;
      gradients = std::max(gradients, error);
      largest = std::max(largest, found->second.abs().max().item<double>());
      ++compared;
    }
    EXPECT_EQ(compared + 2, expected.size());
    EXPECT_GT(largest, 0.01); // the comparison says something
    EXPECT_LE(logits, kTolerance);
    EXPECT_LE(loss_error, kTolerance);
    std::cout << folder.filename().string() << (as_stored ? ", recomputed" : ", kept") << ": max error logits "
              << logits << ", loss " << loss_error << " of " << expected.at("loss").item<float>() << ", " << compared
              << " gradients " << gradients << " of " << largest << "\n";
  }
}

TEST(Parity, LogitsLossAndGradientsOfEveryFamily) {
  const Reference reference;
  if (!reference.made()) {
    GTEST_SKIP() << "Python's transformers and PEFT could not be set up here: see " << reference.log();
  }
  std::size_t families = 0;
  for (const auto &entry : fs::directory_iterator(reference.folder())) {
    SCOPED_TRACE(entry.path().filename().string());
    compare(entry.path());
    ++families;
  }
  EXPECT_GE(families, 10U);
}

} // namespace
