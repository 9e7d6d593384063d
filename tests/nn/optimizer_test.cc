// AdamW by hand, clipping, half precision, schedules, and going on bit for bit. Each optimizer against a reference is
// in tuning_reference_test.cc.
#include "nn/optimizer.h"
#include "tiny.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <optional>

namespace yanxing::nn {
namespace {

Parameter parameter(const std::string &name, const std::vector<float> &numbers) {
  return {name, at::tensor(numbers).set_requires_grad(true)};
}

void set_gradient(const Parameter &of, const std::vector<float> &numbers) {
  of.tensor.mutable_grad() = at::tensor(numbers);
}

Optimizer made(std::vector<Parameter> parameters, const OptimizerConfig &config) {
  auto optimizer = Optimizer::make(std::move(parameters), config);
  EXPECT_TRUE(optimizer.ok());
  return std::move(*optimizer);
}

TEST(AdamW, TwoStepsByHand) {
  const auto p = parameter("p", {1.0F, -2.0F});
  auto optimizer = made({p}, {.beta1 = 0.9F, .beta2 = 0.99F, .epsilon = 1e-8F, .weight_decay = 0.1F});
  double value[] = {1.0, -2.0};
  double mean[] = {0, 0};
  double variance[] = {0, 0};
  for (int step = 1; step <= 2; ++step) {
    const float g[] = {0.5F * static_cast<float>(step), -3.0F};
    set_gradient(p, {g[0], g[1]});
    optimizer.step(0.01F);
    for (int i = 0; i < 2; ++i) {
      const auto gradient = static_cast<double>(g[i]);
      mean[i] = 0.9 * mean[i] + 0.1 * gradient;
      variance[i] = 0.99 * variance[i] + 0.01 * gradient * gradient;
      value[i] -= 0.01 * 0.1 * value[i];
      value[i] -=
          0.01 * (mean[i] / (1 - std::pow(0.9, step))) / (std::sqrt(variance[i] / (1 - std::pow(0.99, step))) + 1e-8);
      EXPECT_NEAR(p.tensor.const_data_ptr<float>()[i], value[i], 1e-6);
    }
  }
  EXPECT_EQ(optimizer.steps(), 2);
}

TEST(AdamW, ClipsByTheJointNorm) {
  const auto a = parameter("a", {0.0F});
  const auto b = parameter("b", {0.0F});
  auto optimizer = made({a, b}, {});
  set_gradient(a, {3.0F});
  set_gradient(b, {4.0F});
  EXPECT_FLOAT_EQ(optimizer.clip(10.0F), 5.0F);
  EXPECT_FLOAT_EQ(a.tensor.grad().item<float>(), 3.0F);
  EXPECT_FLOAT_EQ(optimizer.clip(1.0F), 5.0F);
  EXPECT_NEAR(a.tensor.grad().item<float>(), 0.6F, 1e-6);
  EXPECT_NEAR(b.tensor.grad().item<float>(), 0.8F, 1e-6);
  set_gradient(a, {std::numeric_limits<float>::quiet_NaN()});
  EXPECT_TRUE(std::isnan(optimizer.clip(1.0F)));
  optimizer.zero();
  EXPECT_FALSE(a.tensor.grad().defined());
}

TEST(AdamW, ClippingTakesTheLossesScaleOut) {
  const auto a = parameter("a", {0.0F});
  auto optimizer = made({a}, {});
  set_gradient(a, {512.0F});
  EXPECT_FLOAT_EQ(optimizer.clip(10.0F, 256.0F), 2.0F);
  EXPECT_FLOAT_EQ(a.tensor.grad().item<float>(), 2.0F);
  set_gradient(a, {512.0F});
  EXPECT_FLOAT_EQ(optimizer.clip(1.0F, 256.0F), 2.0F);
  EXPECT_NEAR(a.tensor.grad().item<float>(), 1.0F, 1e-5);
}

TEST(AdamW, NeitherBiasesNorNormsDecay) {
  const auto bias = parameter("model.layers.0.self_attn.q_proj.bias", {1.0F});
  const auto norm = parameter("model.layers.0.input_layernorm.weight", {1.0F});
  const auto matrix = parameter("model.layers.0.mlp.up_proj.weight", {1.0F});
  auto optimizer = made({bias, norm, matrix}, {.weight_decay = 0.5F});
  for (const auto &each : {bias, norm, matrix}) {
    set_gradient(each, {0.0F});
  }
  optimizer.step(0.1F);
  EXPECT_FLOAT_EQ(bias.tensor.item<float>(), 1.0F);
  EXPECT_FLOAT_EQ(norm.tensor.item<float>(), 1.0F);
  EXPECT_FLOAT_EQ(matrix.tensor.item<float>(), 0.95F);
}

TEST(LoraPlus, LetsBLearnFaster) {
  const auto a = parameter("x.lora_A", {0.0F});
  const auto b = parameter("x.lora_B", {0.0F});
  auto optimizer = made({a, b}, {.lora_b_rate = 16.0F});
  set_gradient(a, {1.0F});
  set_gradient(b, {1.0F});
  optimizer.step(0.001F);
  EXPECT_NEAR(a.tensor.item<float>(), -0.001F, 1e-7);
  EXPECT_NEAR(b.tensor.item<float>(), -0.016F, 1e-6);
}

// A thousand steps of a hundredth of bfloat16's unit at 1: rounded to the nearest, none would ever show.
TEST(HalfPrecision, SmallStepsAreNotLost) {
  for (const auto type : {at::kBFloat16, at::kHalf}) {
    const Parameter p{"p", at::full({4096}, 1.0, type).set_requires_grad(true)};
    auto optimizer = made({p}, {.name = "lion", .weight_decay = 0});
    for (int step = 0; step < 1000; ++step) {
      p.tensor.mutable_grad() = at::full({4096}, 1.0, type);
      optimizer.step(1e-4F);
    }
    EXPECT_NEAR(p.tensor.detach().to(at::kFloat).mean().item<float>(), 0.9F, 0.002F);
  }
}

TEST(Optimizer, SaysWhatItDoesNotKnow) {
  EXPECT_NE(Optimizer::make({parameter("p", {1})}, {.name = "sgdw"}).error().message().find("adamw_8bit"),
            std::string::npos);
  OptimizerConfig config{.name = "muon", .galore = GaloreConfig{}};
  EXPECT_FALSE(Optimizer::make({parameter("p", {1})}, config).ok());
  config.name = "adamw_torch"; // nothing to project
  EXPECT_NE(Optimizer::make({parameter("p", {1})}, config).error().message().find("galore_rank"), std::string::npos);
}

PackedRow some_row() {
  PackedRow row;
  for (std::int64_t i = 0; i < 10; ++i) {
    row.tokens.push_back((i * 13 + 1) % 60);
    row.positions.push_back(i);
    if (i > 0) {
      row.targets.push_back({i - 1, row.tokens.back(), 0.1F, 0});
    }
  }
  row.segments = {{0, 10, -1}};
  return row;
}

struct TinyRun {
  std::unique_ptr<Model> model;
  std::optional<Optimizer> optimizer;
  float last_loss = 0;

  explicit TinyRun(const std::filesystem::path &folder) {
    auto loaded = Model::load(folder);
    EXPECT_TRUE(loaded.ok());
    model = std::move(*loaded);
  }
  void start() { optimizer.emplace(made(model->parameters(), {})); }
  void steps(int from, int to) {
    for (int step = from; step < to; ++step) {
      const auto loss = model->loss(some_row(), {.training = true, .dropout_seed = static_cast<std::uint64_t>(step)});
      backward(loss);
      optimizer->clip(1.0F);
      optimizer->step(Schedule{.peak = 0.02F, .warm_up = 3, .total = 60}.at(step));
      optimizer->zero();
      last_loss = loss.item<float>();
    }
  }
};

TEST(Training, OverfitsOneRow) {
  const tiny::Folder folder("overfit");
  ASSERT_TRUE(tiny::write(folder.path(), tiny::config(), tiny::weights()).ok());
  TinyRun run(folder.path());
  ASSERT_TRUE(run.model->add_lora({.rank = 8, .alpha = 16}, 1).ok());
  run.start();
  run.steps(0, 1);
  const float first = run.last_loss;
  run.steps(1, 60);
  EXPECT_GT(first, 2.0F);
  EXPECT_LT(run.last_loss, 0.05F * first);
}

TEST(Training, GoesOnBitForBitFromItsFiles) {
  const tiny::Folder folder("resume");
  ASSERT_TRUE(tiny::write(folder.path(), tiny::config(), tiny::weights()).ok());
  TinyRun whole(folder.path());
  ASSERT_TRUE(whole.model->add_lora({.rank = 4, .alpha = 16, .dropout = 0.1F}, 1).ok());
  whole.start();
  whole.steps(0, 4);
  ASSERT_TRUE(whole.model->save_adapter(folder.path() / "a", "").ok());
  ASSERT_TRUE(whole.optimizer->save(folder.path() / "optimizer.safetensors").ok());
  whole.steps(4, 8);

  TinyRun resumed(folder.path());
  ASSERT_TRUE(resumed.model->load_adapter(folder.path() / "a").ok());
  resumed.start();
  ASSERT_TRUE(resumed.optimizer->load(folder.path() / "optimizer.safetensors").ok());
  EXPECT_EQ(resumed.optimizer->steps(), 4);
  resumed.steps(4, 8);
  EXPECT_EQ(resumed.last_loss, whole.last_loss);
  const auto a = whole.model->parameters();
  const auto b = resumed.model->parameters();
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(a[i].tensor.equal(b[i].tensor)) << a[i].name;
  }
  auto other = made({parameter("q", {1.0F})}, {});
  EXPECT_FALSE(other.load(folder.path() / "optimizer.safetensors").ok());
}

// Each parameter moving as soon as its gradient is whole makes the run that moving all at the end makes, whatever the
// layers' recomputation does.
TEST(Training, StepsWithinTheBackwardPassAreTheSame) {
  const tiny::Folder folder("in_backward");
  ASSERT_TRUE(tiny::write(folder.path(), tiny::config(), tiny::weights()).ok());
  std::vector<std::vector<Parameter>> results;
  std::vector<std::unique_ptr<Model>> models;
  for (const bool within : {false, true}) {
    auto loaded = Model::load(folder.path(), {.train_weights = true});
    ASSERT_TRUE(loaded.ok());
    models.push_back(std::move(*loaded));
    auto &model = *models.back();
    model.recompute_layers(within);
    auto optimizer = made(model.parameters(), {});
    if (within) {
      optimizer.step_in_backward();
    }
    for (int step = 0; step < 5; ++step) {
      if (within) {
        optimizer.begin_step(1e-2F, 0);
      }
      backward(model.loss(some_row()));
      if (within) {
        EXPECT_GT(optimizer.end_step(), 0.0F);
        for (const auto &parameter : model.parameters()) {
          EXPECT_FALSE(parameter.tensor.grad().defined()) << parameter.name;
        }
      } else {
        optimizer.step(1e-2F);
        optimizer.zero();
      }
    }
    results.push_back(model.parameters());
  }
  for (std::size_t i = 0; i < results[0].size(); ++i) {
    EXPECT_TRUE(results[0][i].tensor.equal(results[1][i].tensor)) << results[0][i].name;
  }
}

TEST(Schedules, RiseAndFall) {
  const Schedule cosine{.shape = Schedule::Shape::kCosine, .peak = 1.0F, .warm_up = 4, .total = 104};
  EXPECT_GT(cosine.at(0), 0.0F);
  EXPECT_LT(cosine.at(0), cosine.at(3));
  EXPECT_FLOAT_EQ(cosine.at(4), 1.0F);
  EXPECT_NEAR(cosine.at(54), 0.5F, 1e-6);
  EXPECT_NEAR(cosine.at(104), 0.0F, 1e-6);
  const Schedule linear{.shape = Schedule::Shape::kLinear, .peak = 1.0F, .warm_up = 0, .total = 10};
  EXPECT_FLOAT_EQ(linear.at(0), 1.0F);
  EXPECT_NEAR(linear.at(5), 0.5F, 1e-6);
  EXPECT_EQ(*Schedule::shape_of("constant_with_warmup"), Schedule::Shape::kConstant);
  EXPECT_FALSE(Schedule::shape_of("zigzag").ok());
}

} // namespace
} // namespace yanxing::nn
