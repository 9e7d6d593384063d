// Training a model's own weights: which of them, in which precision, and what is left on disk.
#include "nn/trainable.h"

#include "nn/optimizer.h"
#include "tiny.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <gtest/gtest.h>

namespace yanxing::nn {
namespace {

PackedRow row() {
  PackedRow result;
  for (std::int64_t i = 0; i < 12; ++i) {
    result.tokens.push_back((i * 11 + 3) % 60);
    result.positions.push_back(i);
    if (i > 0) {
      result.targets.push_back({i - 1, result.tokens.back(), 0.1F, 0});
    }
  }
  result.segments = {{0, 12, -1}};
  return result;
}

std::vector<WeightSize> sizes() {
  return {{"model.embed_tokens.weight", 40},
          {"model.layers.0.mlp.up_proj.weight", 20},
          {"model.layers.1.mlp.up_proj.weight", 20},
          {"model.norm.weight", 2},
          {"lm_head.weight", 18}};
}

std::set<std::string> chosen(const TrainableConfig &config) {
  const auto selected = select_trained(sizes(), config);
  EXPECT_TRUE(selected.ok()) << selected.error().message();
  return *selected;
}

using Names = std::set<std::string>;

TEST(Trainable, FreezesFromTheBeginningOn) {
  EXPECT_EQ(chosen({}).size(), 5U);
  EXPECT_EQ(chosen({.frozen_ratio = 0.59}).size(), 4U); // the second one would make 60 of 100
  EXPECT_EQ(chosen({.frozen_ratio = 0.6}),
            (Names{"model.layers.1.mlp.up_proj.weight", "model.norm.weight", "lm_head.weight"}));
}

TEST(Trainable, FreezesByNameAndTrainsAllTheSame) {
  EXPECT_EQ(chosen({.frozen = {"model.layers", "lm_head"}}), (Names{"model.embed_tokens.weight", "model.norm.weight"}));
  EXPECT_EQ(chosen({.frozen_pattern = R"(layers\.\d+\.mlp|embed)"}), (Names{"model.norm.weight", "lm_head.weight"}));
  EXPECT_EQ(chosen({.frozen_ratio = 1, .trainable = {"model.layers.1"}}), Names{"model.layers.1.mlp.up_proj.weight"});
  EXPECT_FALSE(select_trained(sizes(), {.frozen_ratio = 1}).ok());
  EXPECT_FALSE(select_trained(sizes(), {.frozen_pattern = "("}).ok());
  EXPECT_FALSE(select_trained(sizes(), {.frozen_ratio = 1.5}).ok());
}

class Whole : public testing::Test {
protected:
  void SetUp() override { ASSERT_TRUE(tiny::write(folder_.path(), tiny::config(), tiny::weights()).ok()); }
  [[nodiscard]] std::unique_ptr<Model> load(const std::filesystem::path &path, const ModelOptions &options = {}) const {
    auto model = Model::load(path, options);
    EXPECT_TRUE(model.ok()) << model.error().message();
    return std::move(*model);
  }
  [[nodiscard]] static std::vector<std::string> names_of(const Model &model) {
    std::vector<std::string> names;
    for (const auto &parameter : model.parameters()) {
      names.push_back(parameter.name);
    }
    return names;
  }
  static void learn(const Model &model, int steps, const OptimizerConfig &config = {}) {
    auto optimizer = Optimizer::make(model.parameters(), config);
    ASSERT_TRUE(optimizer.ok());
    for (int step = 0; step < steps; ++step) {
      backward(model.loss(row()));
      optimizer->step(1e-2F);
      optimizer->zero();
    }
  }
  tiny::Folder folder_{"whole"};
};

TEST_F(Whole, LowerLayersStayFrozenAndTakeNoGradients) {
  for (const bool recompute : {false, true}) {
    const auto model = load(folder_.path());
    ASSERT_TRUE(model->train_weights({.frozen = {"model.embed_tokens", "model.layers.0."}}).ok());
    model->recompute_layers(recompute);
    const auto names = names_of(*model);
    EXPECT_EQ(names.size(), 13U);
    EXPECT_EQ(std::count_if(names.begin(), names.end(), [](const auto &name) { return name.find("layers.0") < 20; }),
              0);
    const auto all = load(folder_.path(), {.train_weights = true});
    backward(model->loss(row()));
    backward(all->loss(row()));
    for (const auto &parameter : model->parameters()) {
      for (const auto &other : all->parameters()) {
        if (other.name == parameter.name) {
          EXPECT_LT(parameter.tensor.grad().sub(other.tensor.grad()).abs().max().item<float>(), 1e-6F);
        }
      }
    }
  }
}

TEST_F(Whole, ComesBackFromItsFolder) {
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    const auto model = load(folder_.path());
    const auto before = model->logits(row(), {11});
    ASSERT_TRUE(model->train_weights({.frozen = {"model.layers.0.mlp"}, .type = type}).ok());
    learn(*model, 5);
    const auto learnt = model->logits(row(), {11});
    EXPECT_GT(learnt.sub(before).abs().max().item<float>(), 0.01F);
    const tiny::Folder saved("saved");
    const auto written = model->save_weights(saved.path());
    ASSERT_TRUE(written.ok()) << written.error().message();
    EXPECT_TRUE(load(saved.path())->logits(row(), {11}).equal(learnt));

    // A run that goes on has the model it began with, and puts what was learnt into it.
    const auto resumed = load(folder_.path());
    ASSERT_TRUE(resumed->train_weights({.frozen = {"model.layers.0.mlp"}, .type = type}).ok());
    ASSERT_TRUE(resumed->load_trained(saved.path()).ok());
    EXPECT_TRUE(resumed->logits(row(), {11}).equal(learnt));
  }
}

TEST_F(Whole, WhatDoesNotFitIsRefused) {
  const auto model = load(folder_.path());
  ASSERT_TRUE(model->train_weights({}).ok());
  EXPECT_FALSE(model->load_trained(folder_.path() / "nowhere").ok());
  auto other = tiny::weights();
  other[3].shape = {16, 32};
  other[3].numbers.resize(512);
  const tiny::Folder misfit("misfit");
  ASSERT_TRUE(tiny::write(misfit.path(), tiny::config(), other).ok());
  EXPECT_FALSE(model->load_trained(misfit.path()).ok());
  const auto adapted = load(folder_.path());
  ASSERT_TRUE(adapted->add_lora({}, 1).ok());
  EXPECT_FALSE(adapted->train_weights({}).ok());
}

TEST_F(Whole, HalfPrecisionLearnsAlmostTheSame) {
  std::vector<float> losses;
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const auto model = load(folder_.path(), {.kept = type});
    ASSERT_TRUE(model->train_weights({.type = type}).ok());
    model->recompute_layers(true);
    learn(*model, 30);
    losses.push_back(model->loss(row()).item<float>());
  }
  EXPECT_LT(losses[0], 0.5F);
  EXPECT_NEAR(losses[1], losses[0], 0.15F);
}

TEST_F(Whole, ActivationsInHalfPrecisionGiveAlmostTheSameGradients) {
  std::vector<std::vector<at::Tensor>> gradients;
  for (const auto &[type, recompute] : {std::pair{at::kFloat, false}, {at::kBFloat16, false}, {at::kBFloat16, true}}) {
    const auto model = load(folder_.path(), {.kept = type});
    ASSERT_TRUE(model->add_lora({.rank = 4, .alpha = 8}, 5).ok());
    for (const auto &parameter : model->parameters()) {
      parameter.tensor.detach().add_(0.05);
    }
    model->recompute_layers(recompute);
    backward(model->loss(row()));
    gradients.emplace_back();
    for (const auto &parameter : model->parameters()) {
      gradients.back().push_back(parameter.tensor.grad());
    }
  }
  double worst = 0;
  for (std::size_t i = 0; i < gradients[0].size(); ++i) {
    const auto size = gradients[0][i].norm().item<double>();
    worst = std::max(worst, gradients[1][i].sub(gradients[0][i]).norm().item<double>() / size);
    EXPECT_LT(gradients[2][i].sub(gradients[1][i]).norm().item<double>() / size, 0.03);
  }
  EXPECT_LT(worst, 0.05);
  EXPECT_GT(worst, 1e-6) << "they were rounded";
}

TEST_F(Whole, NoiseOnEmbeddingsIsTheSameForTheSameSeed) {
  const auto model = load(folder_.path());
  const Pass noisy{.training = true, .dropout_seed = 3, .embedding_noise = 5};
  EXPECT_EQ(model->loss(row(), noisy).item<float>(), model->loss(row(), noisy).item<float>());
  EXPECT_NE(model->loss(row(), noisy).item<float>(), model->loss(row()).item<float>());
  EXPECT_EQ(model->loss(row(), {.embedding_noise = 5}).item<float>(), model->loss(row()).item<float>());
}

TEST_F(Whole, FourBitsAreCloseAndLearnAnAdapter) {
  const auto plain = load(folder_.path());
  const auto model = load(folder_.path(), {.nf4 = true});
  EXPECT_LT(model->frozen_bytes(), plain->frozen_bytes() / 2);
  const auto expected = plain->logits(row(), {11});
  const auto difference = model->logits(row(), {11}).sub(expected).norm().item<float>() / expected.norm().item<float>();
  EXPECT_GT(difference, 1e-4F);
  EXPECT_LT(difference, 0.4F); // these weights are random: each layer adds its tenth
  ASSERT_TRUE(model->add_lora({.rank = 4, .alpha = 16}, 1).ok());
  const auto before = model->loss(row()).item<float>();
  learn(*model, 30);
  EXPECT_LT(model->loss(row()).item<float>(), 0.5F * before);
}

} // namespace
} // namespace yanxing::nn
