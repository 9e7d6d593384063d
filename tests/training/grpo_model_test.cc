// The engine that draws and the trainer that learns mean the same probabilities, on a real file with a real adapter.
#include "base/paths.h"
#include "eval/dataset.h"
#include "llm/sampled_decision.h"
#include "train/choice_rows.h"
#include "training/decision_rollouts.h"
#include "training/live_engine.h"

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

namespace yanxing::training {
namespace {

constexpr const char *kRow = R"({"transcript":"set a timer for ten minutes called tea","action":{"action":"set_timer",
  "minutes":10,"name":"tea"},"actions":[
  {"name":"set_timer","description":"Start a timer","parameters":{"type":"object","properties":{
     "minutes":{"type":"integer"},"name":{"type":"string"}},"required":["minutes","name"]}},
  {"name":"set_volume","description":"Set the volume","parameters":{"type":"object","properties":{
     "percent":{"type":"integer"}},"required":["percent"]}},
  {"name":"note","description":"Write a note","parameters":{"type":"object","properties":{
     "text":{"type":"string"}},"required":["text"]}}]})";

TEST(GrpoModel, EngineAndTrainerMeanTheSameProbabilities) {
  const auto file = model_file("smollm2-135m", "model.gguf");
  if (!file) {
    GTEST_SKIP() << file.error().message();
  }
  nn::set_threads(1);
  auto model = nn::Model::load(*file);
  ASSERT_TRUE(model.ok()) << model.error().message();
  ASSERT_TRUE((*model)->add_lora({4, 8.0F, 0.0F, false, false, {"all-linear"}}, 3).ok());
  std::int64_t k = 0;
  for (const auto &parameter : (*model)->parameters()) { // an adapter that changes what the model says
    if (parameter.name.ends_with("lora_B")) {
      parameter.tensor.detach().fill_(0.05 * static_cast<double>(++k % 5 - 2));
    }
  }
  const auto live = LiveEngine::open(*file, 1, 2048);
  ASSERT_TRUE(live.ok()) << live.error().message();
  const auto engine = live->with_adapter_of(**model);
  ASSERT_TRUE(engine.ok()) << engine.error().message();

  const auto row = eval::row_from_json(Json::parse(kRow), "", "here");
  const auto registry = action::Registry::from_json(row->actions, "here");
  const Screen screen;
  const std::vector<Contact> nobody;
  const text::TurnContext context{&registry->actions(), &screen, &nobody, {}};
  llm::DrawSettings drawing;
  drawing.temperature = 1.3;
  std::vector<train::Rollout> rollouts;
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const auto sampled = llm::sample_decision(**engine, context, row->transcript, drawing, seed);
    ASSERT_TRUE(sampled.ok()) << sampled.error().message();
    train::Rollout rollout;
    for (const auto &request : sampled->requests) {
      rollout.written.push_back(written_of(request));
    }
    rollouts.push_back(std::move(rollout));
  }
  const auto again = llm::sample_decision(**engine, context, row->transcript, drawing, 0);
  ASSERT_EQ(again->requests.size(), rollouts[0].written.size());
  EXPECT_EQ(written_of(again->requests[0]).tokens, rollouts[0].written[0].tokens) << "the same seed, the same answer";

  const auto packed = train::pack_choices(rollouts, 4096);
  double mean = 0;
  double worst = 0;
  double without_adapter = 0;
  std::size_t choices = 0;
  for (const auto &[packed_row, placed] : packed.rows) {
    nn::Pass base;
    base.adapter = false;
    const auto log_p = (*model)->log_probabilities(packed_row).detach().contiguous();
    const auto base_log_p = (*model)->log_probabilities(packed_row, base).detach().contiguous();
    const auto size = static_cast<std::size_t>(log_p.numel());
    for (const auto &choice : placed) {
      const double now = train::log_p_of(choice, {log_p.const_data_ptr<float>(), size}, drawing.temperature).log_p;
      const double off = std::abs(now - choice.choice->log_p);
      const double plain =
          train::log_p_of(choice, {base_log_p.const_data_ptr<float>(), size}, drawing.temperature).log_p;
      mean += off;
      without_adapter += std::abs(plain - choice.choice->log_p);
      worst = std::max(worst, off);
      ++choices;
    }
  }
  ASSERT_GT(choices, 12U);
  mean /= static_cast<double>(choices);
  without_adapter /= static_cast<double>(choices);
  RecordProperty("mean_difference", std::to_string(mean));
  RecordProperty("worst_difference", std::to_string(worst));
  std::printf("%zu choices: mean |trainer - engine| %.4f, worst %.4f; without the adapter %.4f\n", choices, mean, worst,
              without_adapter);
  // llama.cpp multiplies 4-bit weights with 8-bit activations: that is all that differs.
  EXPECT_LT(mean, 0.07);
  EXPECT_LT(worst, 0.4);
  EXPECT_GT(without_adapter, 3 * mean) << "and the adapter is seen by both";
}

} // namespace
} // namespace yanxing::training
