// Logits, loss and every adapter gradient against Python's transformers and PEFT on tiny random checkpoints of each
// family (reference/make_parity.py), with a packed row that shares a prefix where the reference runs each sample alone.
#include "nn/model.h"

#include "base/json.h"
#include "nn/reference.h"

#include <gtest/gtest.h>
#include <iostream>
#include <numeric>

namespace {

namespace fs = std::filesystem;
namespace nn = yanxing::nn;
using nn::reference::read_tensors;
using nn::reference::Reference;
using nn::reference::worst;

constexpr double kTolerance = 1e-4;

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
  const Reference reference("");
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
