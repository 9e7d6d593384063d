#include "assistant/live.h"
#include "assistant/rehearsal.h"

#include <gtest/gtest.h>

namespace yanxing::assistant {
namespace {

TEST(Live, OnlyAPlainStopIsTheWishForSilence) {
  for (const auto *words : {"停", "停。", "别说了！", "Stop.", "stop it", "Be quiet"}) {
    EXPECT_TRUE(wants_silence(words)) << words;
  }
  for (const auto *words : {"", "stop the music", "停止播放", "把停车场的图发给王芳", "go"}) {
    EXPECT_FALSE(wants_silence(words)) << words;
  }
}

ActionSpec spec_of(const std::string &zh, const std::string &en) {
  ActionSpec spec;
  spec.name = "some";
  spec.say = {zh, en};
  spec.parameters = {parameter_from_schema("target", {{"type", "string"}, {"x-kind", "element"}}, true),
                     parameter_from_schema("recipient", {{"type", "string"}, {"x-kind", "contact"}}, true),
                     parameter_from_schema("room", {{"type", "string"}, {"enum", {"kitchen", "bath"}}}, true),
                     parameter_from_schema("level", {{"type", "integer"}, {"minimum", 0}, {"maximum", 100}}, true)};
  return spec;
}

std::vector<std::string> sayings(const ActionSpec &spec, const std::vector<Contact> &contacts = {}) {
  auto all = sayings_of({spec}, contacts);
  EXPECT_EQ(all.at(0), lead_in(Language::kChinese));
  EXPECT_EQ(all.at(1), lead_in(Language::kEnglish));
  all.erase(all.begin(), all.begin() + 2);
  return all;
}

TEST(Sayings, BeginningsThatDoNotDependOnTheTurn) {
  EXPECT_EQ(sayings(spec_of("好的，已经把{target}发给{recipient}。", "Okay, I sent {target}.")),
            (std::vector<std::string>{"好的，", "Okay,"}));
  EXPECT_TRUE(sayings(spec_of("点了{target}。", "Clicked {target}.")).empty());
}

TEST(Sayings, WholeRepliesWhereTheValuesAreFew) {
  EXPECT_EQ(sayings(spec_of("", "Light in the {room}.")),
            (std::vector<std::string>{"Light in the kitchen.", "Light in the bath."}));
  EXPECT_EQ(sayings(spec_of("给{recipient}打电话。", ""), {{"李敏", "", "", {}}, {"王芳", "", "", {}}}),
            (std::vector<std::string>{"给李敏打电话。", "给王芳打电话。"}));
  EXPECT_EQ(sayings(spec_of("", "Volume {level}.")).size(), 11U); // 0, 10, … 100
  EXPECT_EQ(sayings(spec_of("", "Done.")), std::vector<std::string>{"Done."});
}

} // namespace
} // namespace yanxing::assistant
