// A recording that stands in for a microphone: heard in real time, in the blocks of a device, then silence.
#pragma once

#include "os/audio_device.h"

#include <atomic>
#include <thread>
#include <vector>

namespace yanxing::os {

class RecordedMicrophone final : public Microphone {
public:
  // 16 kHz mono.
  explicit RecordedMicrophone(std::vector<float> samples) : samples_(std::move(samples)) {}
  ~RecordedMicrophone() override { stop(); }
  RecordedMicrophone(const RecordedMicrophone &) = delete;
  RecordedMicrophone &operator=(const RecordedMicrophone &) = delete;

  Status start(SoundSink sink) override;
  void stop() override;
  // The recording has been heard; silence goes on until stop().
  [[nodiscard]] bool over() const { return over_; }

private:
  std::vector<float> samples_;
  std::atomic<bool> over_{false};
  std::jthread device_;
};

} // namespace yanxing::os
