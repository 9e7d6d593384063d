#include "speech/endpoint.h"

#include <gtest/gtest.h>

namespace yanxing::speech {
namespace {

using Event = Endpointer::Event;
using Events = std::vector<Event>;

// Takes the first sample of a window for the probability, so that a test writes the voice down as numbers.
class ScriptedVoice final : public VoiceActivity {
public:
  float probability(std::span<const float, kWindow> window) override { return window[0]; }
  void reset() override {}
};

std::vector<float> stretch(double seconds, float probability) {
  return std::vector<float>(static_cast<std::size_t>(seconds * audio::kSpeechRateHz), probability);
}

class EndpointTest : public testing::Test {
protected:
  // Only what is not kNone, whatever the size of the blocks.
  Events push(double seconds, float probability) {
    Events events;
    const auto samples = stretch(seconds, probability);
    for (std::size_t at = 0; at < samples.size(); at += 333) {
      const auto count = std::min<std::size_t>(333, samples.size() - at);
      const auto now = endpointer_.push({samples.data() + at, count});
      events.insert(events.end(), now.begin(), now.end());
    }
    return events;
  }
  Endpointer endpointer_{std::make_unique<ScriptedVoice>(), EndpointSettings{}};
};

TEST_F(EndpointTest, TellsStartPauseResumeAndEnd) {
  EXPECT_EQ(push(1.0, 0.0F), Events{});
  EXPECT_EQ(push(0.6, 0.9F), (Events{Event::kStart}));
  EXPECT_TRUE(endpointer_.speaking());
  EXPECT_EQ(push(0.3, 0.0F), (Events{Event::kPause}));
  EXPECT_EQ(push(0.4, 0.9F), (Events{Event::kResume}));
  EXPECT_EQ(push(0.8, 0.0F), (Events{Event::kPause, Event::kEnd}));
  EXPECT_FALSE(endpointer_.speaking());
  // 0.2 s before, 1.3 s of speech with its pause, 0.2 s behind.
  EXPECT_NEAR(endpointer_.utterance().seconds(), 1.7, 0.1);
}

TEST_F(EndpointTest, OneThresholdBeginsAndALowerOneHolds) {
  EXPECT_EQ(push(0.5, 0.45F), Events{}); // not enough to begin
  EXPECT_EQ(push(0.3, 0.9F), (Events{Event::kStart}));
  EXPECT_EQ(push(1.0, 0.45F), Events{}); // enough to go on
  EXPECT_EQ(push(0.6, 0.1F), (Events{Event::kPause, Event::kEnd}));
}

TEST_F(EndpointTest, ClicksAreNoSpeech) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(push(0.06, 0.9F), Events{});
    EXPECT_EQ(push(0.2, 0.0F), Events{});
  }
}

TEST_F(EndpointTest, EndsAnEndlessUtterance) {
  const auto events = push(31.0, 0.9F);
  ASSERT_GE(events.size(), 2U);
  EXPECT_EQ(events[0], Event::kStart);
  EXPECT_EQ(events[1], Event::kEnd);
  EXPECT_LE(endpointer_.utterance().seconds(), 30.3);
}

TEST_F(EndpointTest, HearsTheNextUtteranceAfterTheFirstAndAfterAReset) {
  push(0.5, 0.9F);
  EXPECT_EQ(push(0.6, 0.0F).back(), Event::kEnd);
  EXPECT_EQ(push(0.5, 0.9F), (Events{Event::kStart}));
  endpointer_.reset();
  EXPECT_FALSE(endpointer_.speaking());
  EXPECT_TRUE(endpointer_.utterance().samples.empty());
  EXPECT_EQ(push(0.5, 0.9F), (Events{Event::kStart}));
}

TEST_F(EndpointTest, AHeldKeyKeepsTheUtteranceOpen) {
  EXPECT_EQ(endpointer_.hold(), (Events{Event::kStart}));
  EXPECT_EQ(push(0.4, 0.0F), Events{}); // nothing said yet that could pause
  EXPECT_EQ(push(0.5, 0.9F), Events{});
  EXPECT_EQ(push(2.0, 0.0F), (Events{Event::kPause})); // silence does not end it
  EXPECT_EQ(push(0.5, 0.9F), (Events{Event::kResume}));
  EXPECT_EQ(endpointer_.let_go(), (Events{Event::kEnd}));
  EXPECT_NEAR(endpointer_.utterance().seconds(), 3.4, 0.1);
  EXPECT_EQ(endpointer_.let_go(), Events{});
  endpointer_.hold();
  EXPECT_EQ(push(1.0, 0.0F), Events{});
  EXPECT_EQ(endpointer_.let_go(), (Events{Event::kEnd}));
  EXPECT_TRUE(endpointer_.utterance().samples.empty()) << "nobody spoke";
}

TEST_F(EndpointTest, CanBeEndedEarlyAndTellsTheSilence) {
  EXPECT_EQ(endpointer_.end_now(), Events{});
  push(0.6, 0.9F);
  EXPECT_EQ(push(0.32, 0.0F), (Events{Event::kPause}));
  EXPECT_NEAR(endpointer_.silence_ms(), 320, 40);
  EXPECT_EQ(endpointer_.end_now(), (Events{Event::kEnd}));
  EXPECT_NEAR(endpointer_.silence_ms(), 320, 40);
  EXPECT_FALSE(endpointer_.speaking());
  EXPECT_EQ(push(0.6, 0.0F), Events{});
}

TEST(FindSpeech, ReturnsPaddedSpansWithinTheClip) {
  ScriptedVoice voice;
  audio::Clip clip;
  for (const auto &[seconds, probability] : std::vector<std::pair<double, float>>{
           {0.1, 0.0F}, {1.0, 0.9F}, {1.5, 0.0F}, {0.05, 0.9F}, {1.5, 0.0F}, {0.7, 0.9F}}) {
    const auto part = stretch(seconds, probability);
    clip.samples.insert(clip.samples.end(), part.begin(), part.end());
  }
  const auto spans = find_speech(voice, clip, EndpointSettings{});
  ASSERT_EQ(spans.size(), 2U); // the burst of 50 ms is none
  EXPECT_EQ(spans[0].begin, 0U);
  EXPECT_NEAR(static_cast<double>(spans[0].end) / 16000, 1.3, 0.05);
  EXPECT_NEAR(static_cast<double>(spans[1].begin) / 16000, 3.95, 0.05);
  EXPECT_EQ(spans[1].end, clip.samples.size());
  EXPECT_TRUE(find_speech(voice, audio::Clip{}, EndpointSettings{}).empty());
}

} // namespace
} // namespace yanxing::speech
