// Distillation between tiny models: over the vocabulary on answers that are there, over choices on the student's own.
#include "train/gkd.h"

#include "nn/tiny.h"
#include "train/bandit.h"
#include "train/checkpoints.h"
#include "train/losses/gkd.h"

#include <gtest/gtest.h>

namespace yanxing::train {
namespace {

namespace fs = std::filesystem;

class Gkd : public testing::Test {
protected:
  Gkd() {
    EXPECT_TRUE(nn::tiny::write(folder_.path() / "model", nn::tiny::config(), nn::tiny::weights()).ok());
    settings_.run.output = folder_.path() / "out";
    settings_.run.batch = 4;
    settings_.run.epochs = 15;
    settings_.run.learning_rate = 1e-2F;
    settings_.run.keep = 0;
    settings_.max_length = 48;
    std::vector<pack::Item> items;
    for (std::int64_t i = 0; i < 8; ++i) {
      pack::Item item;
      item.tokens = {1, 2, 3, 4 + i, 20 + i, 30 + i, 50};
      item.supervised = {{4, 7}};
      item.sample = i;
      items.push_back(item);
    }
    rows_ = pack::pack(items, {32, true, 1}).rows;
  }
  [[nodiscard]] std::unique_ptr<nn::Model> student(const fs::path &adapter = {}) const {
    auto loaded = nn::Model::load(folder_.path() / "model");
    EXPECT_TRUE(loaded.ok());
    const auto ready = adapter.empty() ? (*loaded)->add_lora({8, 16.0F, 0.0F, false, false, {"all-linear"}}, 1)
                                       : (*loaded)->load_adapter(adapter);
    EXPECT_TRUE(ready.ok());
    return std::move(*loaded);
  }
  // The same model with an adapter that does something.
  [[nodiscard]] std::unique_ptr<nn::Model> teacher() const {
    auto model = student();
    std::mt19937_64 random(4);
    for (const auto &parameter : model->parameters()) {
      auto tensor = parameter.tensor.detach();
      auto *numbers = tensor.mutable_data_ptr<float>();
      for (std::int64_t i = 0; i < tensor.numel(); ++i) {
        numbers[i] += static_cast<float>(static_cast<double>(random() >> 11U) * 0x1p-53 - 0.5) * 0.3F;
      }
    }
    return model;
  }
  // By the definition, from all logits.
  [[nodiscard]] double divergence(const nn::Model &student, const nn::Model &teacher) const {
    double sum = 0;
    double count = 0;
    for (const auto &row : rows_) {
      for (const auto &target : row.targets) {
        auto own = student.logits(row, {target.at}).flatten().contiguous();
        const auto wanted = teacher.logits(row, {target.at}).flatten().contiguous();
        const std::span logits(own.mutable_data_ptr<float>(), static_cast<std::size_t>(own.numel()));
        sum += generalized_jsd(logits, {wanted.const_data_ptr<float>(), logits.size()}, settings_.beta, logits);
        ++count;
      }
    }
    return sum / count;
  }

  nn::tiny::Folder folder_{"gkd"};
  GkdSettings settings_;
  std::vector<pack::PackedRow> rows_;
};

TEST_F(Gkd, ItsFirstLossIsTheDivergenceAndItsGradientThatOfIt) {
  settings_.lmbda = 0;
  settings_.run.max_steps = 1;
  settings_.run.batch = 8;
  settings_.run.learning_rate = 0;
  settings_.run.clip = 0;
  for (const double beta : {0.0, 0.5, 1.0}) {
    settings_.beta = beta;
    const auto wanted = teacher();
    const auto model = student();
    const auto before = divergence(*model, *wanted);
    const auto result = gkd(*model, *wanted, rows_, nullptr, settings_, {});
    ASSERT_TRUE(result.ok()) << result.error().message();
    EXPECT_NEAR(result->loss, before, 1e-5);
    // One number moved to and fro.
    const auto parameters = model->parameters();
    const auto found = std::find_if(parameters.begin(), parameters.end(), [](const nn::Parameter &parameter) {
      return parameter.name.find("1.mlp.down_proj.lora_B") != std::string::npos;
    });
    ASSERT_NE(found, parameters.end());
    const auto states = model->target_states(rows_[0]);
    const auto teachers = wanted->target_states(rows_[0]).detach();
    const auto loss = [&](std::int64_t first, at::Tensor &logits) {
      double sum = 0;
      auto theirs = wanted->logits_of(teachers.narrow(0, first, logits.size(0)));
      for (std::int64_t i = 0; i < logits.size(0); ++i) {
        auto own = logits[i];
        const std::span numbers(own.mutable_data_ptr<float>(), static_cast<std::size_t>(own.numel()));
        sum += generalized_jsd(numbers, {theirs[i].const_data_ptr<float>(), numbers.size()}, beta, numbers);
      }
      return sum;
    };
    if (found->tensor.grad().defined()) {
      found->tensor.mutable_grad().zero_();
    }
    nn::backward(model->logit_loss(states, loss).descent);
    const double slope = found->tensor.grad().flatten()[3].item<double>();
    auto moved = found->tensor.detach().flatten();
    constexpr float kStep = 1e-2F;
    const auto at = [&](float by) {
      moved[3] += by;
      const auto sum = model->logit_loss(model->target_states(rows_[0]).detach(), loss).sum;
      moved[3] -= by;
      return sum;
    };
    EXPECT_NEAR(slope, (at(kStep) - at(-kStep)) / (2 * static_cast<double>(kStep)), 2e-3 + 0.02 * std::abs(slope));
  }
}

TEST_F(Gkd, BringsTheStudentNearToTheTeacher) {
  for (const double beta : {0.0, 0.5, 1.0}) {
    settings_.beta = beta;
    settings_.lmbda = 0;
    const auto wanted = teacher();
    const auto model = student();
    const auto before = divergence(*model, *wanted);
    ASSERT_TRUE(gkd(*model, *wanted, rows_, nullptr, settings_, {}).ok());
    EXPECT_LT(divergence(*model, *wanted), 0.3 * before) << beta;
  }
}

TEST_F(Gkd, LearnsFromItsOwnAnswersToo) {
  settings_.lmbda = 1;
  settings_.beta = 0.5;
  settings_.temperature = 1;
  Bandit bandit(settings_.temperature);
  const auto wanted = teacher();
  const auto model = student();
  double first = -1;
  const auto result = gkd(*model, *wanted, rows_, &bandit, settings_, [&](const StepReport &report) {
    first = first < 0 ? report.loss : first;
    EXPECT_EQ(report.metrics.back(), (std::pair<std::string, double>("on_policy", 1.0)));
    return true;
  });
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_GT(first, 1e-3);
  EXPECT_LT(result->loss, 0.3 * first);
}

TEST_F(Gkd, GoesOnBitForBit) {
  settings_.run.epochs = 4;
  settings_.temperature = 1;
  Bandit bandit(settings_.temperature);
  const auto wanted = teacher();
  const auto whole = student();
  ASSERT_TRUE(gkd(*whole, *wanted, rows_, &bandit, settings_, {}).ok());
  settings_.run.output = folder_.path() / "broken off";
  ASSERT_TRUE(gkd(*student(), *wanted, rows_, &bandit, settings_, [](const StepReport &report) {
                return report.step != 3;
              }).ok());
  settings_.run.resume = Checkpoints::latest(settings_.run.output);
  const auto second = student(settings_.run.resume);
  ASSERT_TRUE(gkd(*second, *wanted, rows_, &bandit, settings_, {}).ok());
  const auto a = whole->parameters();
  const auto b = second->parameters();
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(a[i].tensor.equal(b[i].tensor)) << a[i].name;
  }
}

TEST_F(Gkd, SaysWhatDoesNotFit) {
  auto config = nn::tiny::config();
  auto weights = nn::tiny::weights();
  weights[0].shape[0] = 40;
  weights[0].numbers.resize(40U * 32U);
  config["vocab_size"] = 40;
  ASSERT_TRUE(nn::tiny::write(folder_.path() / "other", config, weights).ok());
  const auto other = nn::Model::load(folder_.path() / "other");
  ASSERT_TRUE(other.ok());
  const auto wrong = gkd(*student(), **other, rows_, nullptr, settings_, {});
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().message().find("40 tokens"), std::string::npos);
}

} // namespace
} // namespace yanxing::train
