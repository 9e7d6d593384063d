// A microphone that hears what a test gives it and a loudspeaker that writes down what it is given.
#pragma once

#include "os/audio_device.h"

#include <algorithm>
#include <vector>

namespace yanxing::os {

class FakeMicrophone final : public Microphone {
public:
  Status start(SoundSink sink) override {
    sink_ = std::move(sink);
    return {};
  }
  void stop() override { sink_ = nullptr; }

  [[nodiscard]] bool running() const { return static_cast<bool>(sink_); }
  // Hands `samples` to the listener in the small blocks that a device delivers.
  void hear(std::span<const float> samples, std::size_t block = 320) {
    for (std::size_t at = 0; at < samples.size() && sink_; at += block) {
      sink_(samples.subspan(at, std::min(block, samples.size() - at)));
    }
  }

private:
  SoundSink sink_;
};

class FakeSpeaker final : public Speaker {
public:
  Status play(std::span<const float> samples, int sample_rate_hz) override {
    played.insert(played.end(), samples.begin(), samples.end());
    rate_hz = sample_rate_hz;
    return {};
  }
  void wait() override { ++waits; }
  void stop() override { ++stops; }

  std::vector<float> played;
  int rate_hz = 0;
  int waits = 0;
  int stops = 0;
};

} // namespace yanxing::os
