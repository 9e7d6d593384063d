// Training text is inference text: with a real vocabulary the encoder makes as many prompt tokens as the decider reads.
#include "base/paths.h"
#include "llm/decider.h"
#include "llm/vocabulary.h"
#include "sample/encode.h"

#include <gtest/gtest.h>

namespace yanxing::sample {
namespace {

TEST(EncoderModel, TheDeciderReadsTheSameTokens) {
  const auto file = model_file("smollm2-135m", "model.gguf");
  if (!file) {
    GTEST_SKIP() << file.error().message();
  }
  const auto vocabulary = llm::Vocabulary::open(*file);
  ASSERT_TRUE(vocabulary) << vocabulary.error().message();
  auto engine = llm::Engine::open(*file, {1, 2048, ""});
  ASSERT_TRUE(engine);
  const std::string text = "Turn on the \"light\": 开灯\n<|im_end|>";
  EXPECT_EQ((*vocabulary)->tokenize(text, false), (*engine)->tokenize(text, false));
  EXPECT_EQ((*vocabulary)->tokenize(text, true), (*engine)->tokenize(text, true));
  EXPECT_EQ((*vocabulary)->end_of_turn(), (*engine)->end_of_turn());

  Sample sample;
  sample.where = "here";
  sample.decision = *eval::row_from_json(
      Json::parse(
          R"({"transcript":"turn the kitchen light on","action":{"action":"light_on","room":"kitchen"},"history":[{"transcript":"hi","action":{"action":"none"}}],
      "actions":[{"name":"light_on","description":"Turn a light on","parameters":{"type":"object","properties":{"room":{"type":"string","enum":["kitchen","hall"]}}}}]})"),
      "", "here");
  Encoder encoder({[&](std::string_view part, bool special) { return (*vocabulary)->tokenize(part, special); },
                   (*vocabulary)->end_of_turn()},
                  nullptr, nullptr);
  const auto encoded = encoder.encode(sample);
  ASSERT_TRUE(encoded) << encoded.error().message();

  const auto registry = action::Registry::from_json(sample.decision->actions, "here");
  const Screen screen;
  const std::vector<Contact> nobody;
  llm::Decider decider(std::move(*engine), {});
  const auto decided =
      decider.decide({&registry->actions(), &screen, &nobody, sample.decision->history}, sample.decision->transcript);
  ASSERT_TRUE(decided);
  EXPECT_EQ(encoded->parts.at(0).supervised.at(0).first, decided->prompt_tokens);
}

} // namespace
} // namespace yanxing::sample
