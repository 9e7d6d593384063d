// Planned memory against what a model and an optimizer really hold, and against known sizes.
#include "nn/memory_plan.h"

#include "support/source.h"
#include "tiny.h"

#include <gtest/gtest.h>

namespace yanxing::nn {
namespace {

MemoryQuestion question_of(const std::filesystem::path &path) {
  MemoryQuestion question;
  auto config = read_description(path, question.stored_bytes);
  EXPECT_TRUE(config.ok()) << config.error().message();
  question.config = std::move(*config);
  return question;
}

MemoryPlan plan_of(const MemoryQuestion &question) {
  const auto plan = plan_memory(question);
  EXPECT_TRUE(plan.ok()) << plan.error().message();
  return *plan;
}

// What is trained and what the optimizer holds is exactly what the engine makes of it; biases, which config.json does
// not tell, aside.
TEST(MemoryPlan, CountsWhatIsThere) {
  const tiny::Folder folder("plan");
  ASSERT_TRUE(tiny::write(folder.path(), tiny::config(), tiny::weights()).ok());
  for (const bool full : {false, true}) {
    for (const char *name : {"adamw_torch", "adamw_8bit", "adafactor", "muon"}) {
      auto question = question_of(folder.path());
      question.full = full;
      question.lora = {.rank = 4};
      question.optimizer.name = name;
      const auto plan = plan_of(question);
      const auto model = Model::load(folder.path());
      ASSERT_TRUE((full ? (*model)->train_weights({}) : (*model)->add_lora({.rank = 4}, 1)).ok());
      std::vector<Parameter> parameters;
      std::int64_t trained = 0;
      for (const auto &parameter : (*model)->parameters()) {
        if (!parameter.name.ends_with(".bias")) {
          parameters.push_back(parameter);
          trained += parameter.tensor.numel();
        }
      }
      EXPECT_EQ(plan.trained, trained);
      const auto optimizer = Optimizer::make(parameters, question.optimizer);
      EXPECT_EQ(plan.optimizer, optimizer->state_bytes()) << name;
    }
  }
}

TEST(MemoryPlan, SevenBillionInFourBitsFitEightGigabytes) {
  auto question = question_of(test::source("assets/configs/qwen2.5-7b.json"));
  question.model.nf4 = true;
  question.model.kept = at::kBFloat16;
  const auto plan = plan_of(question);
  EXPECT_NEAR(static_cast<double>(plan.numbers) / 1e9, 7.615, 0.005);
  const double linear = 7.615e9 - 2 * 152064.0 * 3584;
  EXPECT_NEAR(static_cast<double>(plan.frozen_weights), 0.516 * linear + 2 * 2 * 152064.0 * 3584, 2e7);
  EXPECT_LT(static_cast<double>(plan.total()), 8e9);
  question.recompute = false;
  EXPECT_GT(plan_of(question).kept_activations, 10 * plan.kept_activations);
}

TEST(MemoryPlan, EachWayOfSavingSaves) {
  auto question = question_of(test::source("assets/configs/qwen2.5-7b.json"));
  question.full = true;
  const auto plain = plan_of(question);
  question.trainable.type = question.model.kept = at::kBFloat16;
  const auto half = plan_of(question);
  EXPECT_NEAR(2.0 * static_cast<double>(half.gradients), static_cast<double>(plain.gradients), 1e6); // norms stay fp32
  question.optimizer.galore = GaloreConfig{};
  const auto projected = plan_of(question);
  EXPECT_LT(projected.optimizer, half.optimizer / 2);
  question.step_in_backward = true;
  EXPECT_LT(plan_of(question).gradients, projected.gradients / 10);
  question.trainable.frozen_ratio = 0.9;
  EXPECT_LT(plan_of(question).trained, plain.trained / 5);
}

TEST(MemoryPlan, SaysWhatItCannotRead) {
  double bytes = 0;
  EXPECT_FALSE(read_description(test::source("assets/catalog.json"), bytes).ok());
  EXPECT_FALSE(read_description("/nowhere/config.json", bytes).ok());
  auto question = question_of(test::source("assets/configs/qwen2.5-7b.json"));
  question.optimizer.name = "none such";
  EXPECT_FALSE(plan_memory(question).ok());
  question.optimizer.name = "adamw_torch";
  question.lora.targets = {"nothing"};
  EXPECT_FALSE(plan_memory(question).ok());
}

} // namespace
} // namespace yanxing::nn
