#include "os/audio_device_stream.h"
#include "os/fake_audio_device.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numbers>
#include <thread>

namespace yanxing::os {
namespace {

std::vector<float> tone(double hz, int rate_hz, double seconds) {
  std::vector<float> samples;
  for (int i = 0; i < static_cast<int>(seconds * rate_hz); ++i) {
    samples.push_back(static_cast<float>(std::sin(2 * std::numbers::pi * hz * i / rate_hz)));
  }
  return samples;
}

double loudness(std::span<const float> samples) {
  double energy = 0;
  for (const float sample : samples) {
    energy += static_cast<double>(sample) * sample;
  }
  return std::sqrt(energy / static_cast<double>(samples.size()));
}

TEST(StreamResampler, KeepsTheWaveformWhateverTheBlocks) {
  const auto input = tone(440, 48000, 0.5);
  StreamResampler resampler(48000, 16000);
  std::vector<float> out;
  for (std::size_t at = 0, block = 1; at < input.size(); at += block, block = block % 700 + 37) {
    const auto part = resampler.process({input.data() + at, std::min(block, input.size() - at)});
    out.insert(out.end(), part.begin(), part.end());
  }
  const auto wanted = tone(440, 16000, 0.5);
  ASSERT_NEAR(static_cast<double>(out.size()), static_cast<double>(wanted.size()), 30.0);
  for (std::size_t i = 100; i < out.size(); ++i) {
    ASSERT_NEAR(out[i], wanted[i], 0.01) << i;
  }
}

TEST(StreamResampler, CutsWhatTheLowerRateCannotHold) {
  StreamResampler resampler(48000, 16000);
  const auto out = resampler.process(tone(11000, 48000, 0.5));
  EXPECT_LT(loudness(std::span(out).subspan(100)), 0.02);
}

TEST(StreamResampler, GoesUpToo) {
  StreamResampler resampler(24000, 48000);
  const auto out = resampler.process(tone(440, 24000, 0.5));
  const auto wanted = tone(440, 48000, 0.5);
  ASSERT_GT(out.size(), 23000U);
  for (std::size_t i = 200; i < out.size(); ++i) {
    ASSERT_NEAR(out[i], wanted[i], 0.01) << i;
  }
}

TEST(PlayQueue, PlaysInOrderThenSilenceAndDropsAtOnce) {
  PlayQueue queue;
  queue.add({1, 2, 3});
  queue.add({});
  queue.add({4, 5});
  std::vector<float> out(4);
  queue.take(out);
  EXPECT_EQ(out, (std::vector<float>{1, 2, 3, 4}));
  EXPECT_FALSE(queue.wait_empty(std::chrono::milliseconds(1)));
  queue.take(out);
  EXPECT_EQ(out, (std::vector<float>{5, 0, 0, 0}));
  EXPECT_TRUE(queue.wait_empty(std::chrono::milliseconds(0)));
  queue.add({6, 7});
  queue.drop();
  EXPECT_TRUE(queue.wait_empty(std::chrono::milliseconds(0)));
  queue.take(out);
  EXPECT_EQ(out, (std::vector<float>{0, 0, 0, 0}));
}

TEST(PlayQueue, WakesTheOneWhoWaits) {
  PlayQueue queue;
  queue.add(std::vector<float>(100));
  std::thread device([&] {
    std::vector<float> out(64);
    queue.take(out);
    queue.take(out);
  });
  EXPECT_TRUE(queue.wait_empty(std::chrono::seconds(10)));
  device.join();
}

TEST(AudioDevice, OpensOrSaysInOneSentenceWhatIsMissing) {
  const auto microphone = open_microphone();
  const auto speaker = open_speaker();
  if (!microphone) {
    EXPECT_FALSE(microphone.error().what.empty());
    EXPECT_NE(microphone.error().hint.find("--audio"), std::string::npos);
  }
  if (!speaker) {
    EXPECT_NE(speaker.error().what.find("loudspeaker"), std::string::npos);
  }
}

TEST(FakeDevices, StandInForTheRealOnes) {
  FakeMicrophone microphone;
  std::size_t heard = 0;
  microphone.hear(std::vector<float>(100)); // nobody listens yet
  ASSERT_TRUE(microphone.start([&](std::span<const float> samples) { heard += samples.size(); }).ok());
  microphone.hear(std::vector<float>(1000));
  microphone.stop();
  microphone.hear(std::vector<float>(100));
  EXPECT_EQ(heard, 1000U);
  FakeSpeaker speaker;
  ASSERT_TRUE(speaker.play(std::vector<float>{0.5F, 0.25F}, 24000).ok());
  EXPECT_EQ(speaker.played, (std::vector<float>{0.5F, 0.25F}));
}

} // namespace
} // namespace yanxing::os
