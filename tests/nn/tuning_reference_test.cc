// Optimizers, GaLore and NF4 against what torch, transformers and plain numpy make of the same numbers
// (reference/make_tuning.py, whose results are in reference/tuning.safetensors).
#include "nn/nf4.h"
#include "nn/optimizer.h"
#include "nn/safetensors.h"
#include "support/source.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <gtest/gtest.h>
#include <map>

namespace yanxing::nn {
namespace {

constexpr int kSteps = 24;
constexpr double kTolerance = 1e-5;

// Park and Miller's generator, as multiples of 2^−24 between −1 and 1.
class Numbers {
public:
  explicit Numbers(std::uint64_t seed) : state_(seed) {}
  at::Tensor operator()(const std::vector<std::int64_t> &shape) {
    auto result = at::empty(shape, at::kFloat);
    float *out = result.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < result.numel(); ++i) {
      state_ = state_ * 48271 % 2147483647;
      out[i] = static_cast<float>(static_cast<double>(state_ >> 6) / (1 << 24) - 1.0);
    }
    return result;
  }

private:
  std::uint64_t state_;
};

using Shapes = std::vector<std::pair<std::string, std::vector<std::int64_t>>>;
const Shapes kShapes = {{"wide", {24, 40}}, {"tall", {40, 24}}, {"norm.weight", {33}}};

class Reference {
public:
  Reference() {
    const auto file = open_safetensors(test::source("tests/nn/reference/tuning.safetensors"));
    EXPECT_TRUE(file.ok());
    for (const auto &stored : file->tensors) {
      auto tensor = at::empty(stored.shape, at::kFloat);
      to_floats(stored.format, stored.bytes,
                {tensor.mutable_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())});
      tensors_[stored.name] = tensor;
    }
  }
  [[nodiscard]] const at::Tensor &operator[](const std::string &name) const { return tensors_.at(name); }

private:
  std::map<std::string, at::Tensor> tensors_;
};

struct Course {
  std::vector<Parameter> parameters;
  std::vector<std::vector<at::Tensor>> noise; // of each step

  Course(const Shapes &shapes, std::uint64_t seed) : noise(kSteps) {
    Numbers numbers(seed);
    for (const auto &[name, shape] : shapes) {
      parameters.push_back({name, numbers(shape).set_requires_grad(true)});
    }
    for (auto &step : noise) {
      for (const auto &[name, shape] : shapes) {
        step.push_back(numbers(shape));
      }
    }
  }
  void steps(Optimizer &optimizer, int from, int to) const {
    for (int step = from; step < to; ++step) {
      for (std::size_t k = 0; k < parameters.size(); ++k) {
        parameters[k].tensor.mutable_grad() =
            noise[static_cast<std::size_t>(step)][k].add(parameters[k].tensor.detach(), 0.125);
      }
      optimizer.step(1e-2F);
      optimizer.zero();
    }
  }
};

struct Case {
  std::string name; // as the script has it: galore_ before the optimizer's
  Shapes shapes;
  std::uint64_t seed;
  std::int64_t rank = 6;
};

OptimizerConfig config_of(const Case &which) {
  OptimizerConfig config;
  config.name = which.name;
  if (config.name.starts_with("galore_")) {
    config.name.erase(0, 7);
    config.galore = GaloreConfig{.rank = which.rank, .gap = 10, .scale = 0.25F};
  }
  return config;
}

double worst(const at::Tensor &a, const at::Tensor &b) { return a.detach().sub(b).abs().max().item<double>(); }

class Optimizers : public testing::TestWithParam<Case> {};

TEST_P(Optimizers, DoWhatTheReferenceDoes) {
  const Reference reference;
  const Course run(GetParam().shapes, GetParam().seed);
  auto optimizer = Optimizer::make(run.parameters, config_of(GetParam()));
  ASSERT_TRUE(optimizer.ok()) << optimizer.error().message();
  run.steps(*optimizer, 0, kSteps);
  for (const auto &[name, tensor] : run.parameters) {
    EXPECT_LT(worst(tensor, reference[GetParam().name + "/" + name]), kTolerance) << name;
  }
}

TEST_P(Optimizers, GoOnBitForBitFromTheirFiles) {
  const auto file = std::filesystem::temp_directory_path() / (GetParam().name + "-" + std::to_string(::getpid()));
  const Course whole(GetParam().shapes, 77);
  auto optimizer = Optimizer::make(whole.parameters, config_of(GetParam()));
  whole.steps(*optimizer, 0, 7);
  ASSERT_TRUE(optimizer->save(file).ok());
  const Course again(GetParam().shapes, 77);
  for (std::size_t k = 0; k < again.parameters.size(); ++k) {
    again.parameters[k].tensor.detach().copy_(whole.parameters[k].tensor.detach());
  }
  whole.steps(*optimizer, 7, kSteps);

  auto resumed = Optimizer::make(again.parameters, config_of(GetParam()));
  const auto loaded = resumed->load(file);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  EXPECT_EQ(resumed->steps(), 7);
  again.steps(*resumed, 7, kSteps);
  for (std::size_t k = 0; k < again.parameters.size(); ++k) {
    EXPECT_TRUE(again.parameters[k].tensor.equal(whole.parameters[k].tensor)) << again.parameters[k].name;
  }
  // What planning says is what it takes.
  std::int64_t planned = 0;
  const auto config = config_of(GetParam());
  for (const auto &[name, shape] : GetParam().shapes) {
    planned += optimizer_state_bytes(*find_optimizer(config.name), config, name, shape);
  }
  EXPECT_EQ(planned, resumed->state_bytes());
  std::filesystem::remove(file);
}

INSTANTIATE_TEST_SUITE_P(All, Optimizers,
                         testing::Values(Case{"adamw_torch", kShapes, 1}, Case{"adafactor", kShapes, 2},
                                         Case{"muon", kShapes, 3}, Case{"lion", kShapes, 4},
                                         Case{"adamw_8bit", {{"large", {65, 64}}}, 5},
                                         Case{"galore_adamw_torch", kShapes, 6}, Case{"galore_adafactor", kShapes, 7},
                                         Case{"galore_adamw_8bit", {{"tall", {260, 20}}}, 8, 16}),
                         [](const auto &instance) { return instance.param.name; });

class Nf4Test : public testing::Test {
protected:
  Nf4Test() {
    Numbers numbers(9);
    weights_ = numbers({130, 130}).add(numbers({130, 130})).add(numbers({130, 130}));
    weights_.select(1, 129).mul_(8);
  }
  [[nodiscard]] Nf4 quantised(bool twice) const {
    return Nf4::quantise(weights_.numel(), twice, [&](std::int64_t begin, std::span<float> out) {
      std::copy_n(weights_.const_data_ptr<float>() + begin, out.size(), out.begin());
    });
  }
  at::Tensor weights_;
};

TEST_F(Nf4Test, GivesBackWhatTheReferenceDoes) {
  const Reference reference;
  for (const bool twice : {false, true}) {
    const auto codes = quantised(twice);
    auto back = at::empty({130, 130}, at::kFloat);
    codes.to_floats(0, {back.mutable_data_ptr<float>(), 130 * 130});
    EXPECT_LT(worst(back, reference[twice ? "nf4/twice" : "nf4/once"]), 1e-6);
    EXPECT_GT(worst(back, weights_), 0.01) << "and it is no copy";
    // Any stretch, wherever blocks and bytes begin.
    for (const std::int64_t begin : {1, 63, 64, 129, 12345}) {
      std::vector<float> some(131);
      codes.to_floats(begin, some);
      for (std::size_t i = 0; i < some.size(); ++i) {
        ASSERT_EQ(some[i], back.const_data_ptr<float>()[begin + static_cast<std::int64_t>(i)]) << begin << "+" << i;
      }
    }
  }
}

TEST_F(Nf4Test, TakesHalfAByteAndALittle) {
  const auto numbers = static_cast<double>(weights_.numel());
  EXPECT_NEAR(static_cast<double>(quantised(true).byte_count()) / numbers, 0.516, 0.001);
  EXPECT_NEAR(static_cast<double>(quantised(false).byte_count()) / numbers, 0.5625, 0.001);
}

TEST(Nf4, ZerosStayZeros) {
  const auto codes =
      Nf4::quantise(65, true, [](std::int64_t, std::span<float> out) { std::fill(out.begin(), out.end(), 0.0F); });
  std::vector<float> back(65, 1.0F);
  codes.to_floats(0, back);
  EXPECT_EQ(back, std::vector<float>(65, 0.0F));
}

} // namespace
} // namespace yanxing::nn
