// The microphone and the loudspeaker. A fake of each stands in os/fake_audio_device.h.
#pragma once

#include "base/result.h"

#include <functional>
#include <memory>
#include <span>

namespace yanxing::os {

// Mono float samples, called from the device's own thread: keep it short, never block.
using SoundSink = std::function<void(std::span<const float> samples)>;

class Microphone {
public:
  virtual ~Microphone() = default;
  virtual Status start(SoundSink sink) = 0; // 16 kHz mono
  virtual void stop() = 0;
};

class Speaker {
public:
  virtual ~Speaker() = default;
  // Queues samples and returns at once; the first sound comes as soon as the device allows.
  virtual Status play(std::span<const float> samples, int sample_rate_hz) = 0;
  virtual void wait() = 0; // until all that was queued is heard
  virtual void stop() = 0; // silence within 100 ms, the queue is dropped
};

// Errors where the machine has no such device.
Result<std::unique_ptr<Microphone>> open_microphone();
Result<std::unique_ptr<Speaker>> open_speaker();

} // namespace yanxing::os
