#include "train/sft.h"

#include "nn/tiny.h"
#include "train/checkpoints.h"

#include <gtest/gtest.h>

namespace yanxing::train {
namespace {

namespace fs = std::filesystem;

// Two samples that share a beginning, and one on its own.
std::vector<pack::PackedRow> rows() {
  pack::PackedRow shared;
  shared.tokens = {5, 6, 7, 11, 12, 21, 22, 23};
  shared.positions = {0, 1, 2, 3, 4, 3, 4, 5};
  shared.segments = {{0, 3, -1}, {3, 5, 0}, {5, 8, 0}};
  shared.targets = {{2, 11, 1, 0}, {2, 21, 1, 1}, {3, 12, 1, 0}, {5, 22, 1, 1}, {6, 23, 1, 1}};
  shared.samples = {0, 1};
  pack::PackedRow alone;
  alone.tokens = {9, 31, 32};
  alone.positions = {0, 1, 2};
  alone.segments = {{0, 3, -1}};
  alone.targets = {{0, 31, 1, 0}, {1, 32, 1, 0}};
  alone.samples = {2};
  return {shared, alone};
}

double loss_of(const nn::Model &model) {
  auto alone = ProcessGroup::alone();
  return *mean_loss(model, rows(), alone);
}

class Sft : public testing::Test {
protected:
  Sft() {
    EXPECT_TRUE(nn::tiny::write(folder_.path() / "model", nn::tiny::config(), nn::tiny::weights()).ok());
    settings_.output = folder_.path() / "out";
    settings_.batch = 1;
    settings_.epochs = 20;
    settings_.learning_rate = 2e-2F;
    settings_.keep = 0;
  }
  std::unique_ptr<nn::Model> model(const fs::path &adapter = {}) {
    auto loaded = nn::Model::load(folder_.path() / "model");
    EXPECT_TRUE(loaded.ok());
    const auto ready = adapter.empty() ? (*loaded)->add_lora({4, 16.0F, 0.1F, false, false, {"all-linear"}}, 1)
                                       : (*loaded)->load_adapter(adapter);
    EXPECT_TRUE(ready.ok());
    return std::move(*loaded);
  }

  nn::tiny::Folder folder_{"sft"};
  RunSettings settings_;
};

TEST_F(Sft, LearnsWhatItIsTaught) {
  const auto taught = model();
  const double before = loss_of(*taught);
  const auto result = sft(*taught, rows(), rows(), settings_, {});
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_LT(result->validation_loss, 1.0); // two answers share a beginning: log 2 on one token of three stays
  EXPECT_GT(before, 2 * result->validation_loss);
  EXPECT_EQ(loss_of(*model(result->checkpoint)), result->validation_loss) << "what was saved is what was learnt";
}

TEST_F(Sft, GoesOnBitForBit) {
  settings_.save_every = 7;
  const auto whole = model();
  ASSERT_TRUE(sft(*whole, rows(), {}, settings_, {}).ok());
  const auto expected = loss_of(*whole);

  settings_.output = folder_.path() / "broken off";
  const auto first = model();
  ASSERT_TRUE(sft(*first, rows(), {}, settings_, [](const StepReport &report) { return report.step < 15; }).ok());
  settings_.resume = Checkpoints::latest(settings_.output);
  EXPECT_EQ(settings_.resume.filename(), "checkpoint-15");
  const auto second = model(settings_.resume);
  std::int64_t steps = 0;
  ASSERT_TRUE(sft(*second, rows(), {}, settings_, [&](const StepReport &) { return ++steps > 0; }).ok());
  EXPECT_EQ(steps, 25);
  EXPECT_EQ(loss_of(*second), expected);
}

// Every optimizer, whole weights in half precision, half of them frozen: what is broken off goes on as if it had not
// been.
TEST_F(Sft, WholeWeightsGoOnBitForBit) {
  settings_.learning_rate = 2e-3F;
  settings_.epochs = 6;
  for (const auto &[optimizer, type, scaled] :
       {std::tuple{"adamw_8bit", at::kFloat, false}, {"adafactor", at::kBFloat16, false}, {"muon", at::kHalf, true}}) {
    settings_.optimizer.name = optimizer;
    settings_.loss_scaling = scaled;
    settings_.resume.clear();
    settings_.output = folder_.path() / "whole" / optimizer;
    const auto fresh = [&, type = type] {
      auto loaded = nn::Model::load(folder_.path() / "model", {.kept = type});
      EXPECT_TRUE(loaded.ok());
      EXPECT_TRUE((*loaded)->train_weights({.frozen = {"model.embed_tokens"}, .type = type}).ok());
      return std::move(*loaded);
    };
    const auto whole = fresh();
    const double before = loss_of(*whole);
    const auto done = sft(*whole, rows(), {}, settings_, {});
    ASSERT_TRUE(done.ok()) << done.error().message();
    const auto expected = loss_of(*whole);
    EXPECT_LT(expected, before);

    settings_.output = folder_.path() / "broken off" / optimizer;
    ASSERT_TRUE(sft(*fresh(), rows(), {}, settings_, [](const StepReport &report) { return report.step < 5; }).ok());
    settings_.resume = Checkpoints::latest(settings_.output);
    const auto second = fresh();
    ASSERT_TRUE(second->load_trained(settings_.resume).ok());
    const auto resumed = sft(*second, rows(), {}, settings_, {});
    ASSERT_TRUE(resumed.ok()) << resumed.error().message();
    EXPECT_EQ(loss_of(*second), expected) << optimizer;
    const auto read = nn::Model::load(resumed->checkpoint);
    ASSERT_TRUE(read.ok()) << read.error().message();
  }
}

TEST_F(Sft, StepsWithinTheBackwardPassWantOneRowAStep) {
  auto loaded = nn::Model::load(folder_.path() / "model");
  ASSERT_TRUE((*loaded)->train_weights({}).ok());
  settings_.step_in_backward = true;
  settings_.optimizer.galore = nn::GaloreConfig{.rank = 4, .gap = 5};
  settings_.learning_rate = 5e-3F;
  const double before = loss_of(**loaded);
  const auto result = sft(**loaded, rows(), rows(), settings_, {});
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_LT(result->validation_loss, 0.5 * before);
  settings_.batch = 3;
  const auto refused = sft(**loaded, rows(), rows(), settings_, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message().find("gradient_accumulation_steps 1"), std::string::npos);
}

TEST_F(Sft, RefusesACheckpointOfAnotherRun) {
  const auto taught = model();
  const auto done = sft(*taught, rows(), {}, settings_, {});
  ASSERT_TRUE(done.ok());
  settings_.resume = done->checkpoint;
  settings_.epochs = 3;
  const auto again = sft(*model(done->checkpoint), rows(), {}, settings_, {});
  ASSERT_FALSE(again.ok());
  EXPECT_NE(again.error().message().find("6"), std::string::npos) << again.error().message();
}

TEST_F(Sft, SaysWhenItDiverges) {
  settings_.learning_rate = 1e30F;
  settings_.clip = 0;
  settings_.warm_up = 0;
  const auto result = sft(*model(), rows(), {}, settings_, {});
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message().find("learning_rate"), std::string::npos);
}

// Where a gradient overflows float16 the step is skipped and the loss's scale halved, and only there.
TEST_F(Sft, AnOverflowSkipsTheStepAndHalvesTheScale) {
  auto loaded = nn::Model::load(folder_.path() / "model");
  ASSERT_TRUE((*loaded)->train_weights({.type = at::kHalf}).ok());
  settings_.loss_scaling = true;
  std::vector<StepReport> reports;
  const auto result = sft(**loaded, rows(), {}, settings_, [&](const StepReport &report) {
    reports.push_back(report);
    return true;
  });
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_EQ(reports.front().loss_scale, 65536);
  for (std::size_t i = 0; i + 1 < reports.size(); ++i) {
    EXPECT_EQ(reports[i + 1].loss_scale, reports[i].loss_scale * (reports[i].skipped ? 0.5 : 1.0)) << i;
  }
  EXPECT_FALSE(reports.back().skipped);
  EXPECT_LT(reports.back().loss, reports.front().loss);
}

TEST(LossScale, DoublesAfterEnoughGoodSteps) {
  auto scale = LossScale::dynamic();
  EXPECT_FALSE(scale.settle(false));
  EXPECT_EQ(scale.value(), 32768);
  for (std::int64_t i = 1; i < LossScale::kGoodSteps; ++i) {
    EXPECT_TRUE(scale.settle(true));
  }
  auto resumed = LossScale::dynamic();
  ASSERT_TRUE(resumed.restore(scale.state()).ok());
  EXPECT_TRUE(resumed.settle(true));
  EXPECT_EQ(resumed.value(), 65536);
  EXPECT_FALSE(resumed.restore(Json::array()).ok());
  auto fixed = LossScale::fixed();
  EXPECT_FALSE(fixed.settle(false));
  EXPECT_EQ(fixed.value(), 1);
  EXPECT_TRUE(fixed.restore(Json()).ok());
}

TEST_F(Sft, NothingToTrainOn) { EXPECT_FALSE(sft(*model(), {}, {}, settings_, {}).ok()); }

} // namespace
} // namespace yanxing::train
