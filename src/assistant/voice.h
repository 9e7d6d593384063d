// The reply, aloud: played as it is made, or gathered for a WAV file.
#pragma once

#include "audio/clip.h"
#include "base/result.h"
#include "os/audio_device.h"
#include "speech/synthesizer.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace yanxing::assistant {

class Voice {
public:
  // `speaker` null: the sound is only gathered.
  Voice(std::unique_ptr<speech::Synthesizer> synthesizer, std::unique_ptr<os::Speaker> speaker)
      : synthesizer_(std::move(synthesizer)), speaker_(std::move(speaker)) {}

  struct Said {
    audio::Clip clip;
    double first_audio_ms = 0;
  };
  // Returns when all of it is heard, or cut off by hush(). `on_first` is called once, as the first sound begins.
  Result<Said> say(const std::string &text, const std::function<void(double first_audio_ms)> &on_first = {});
  // From another thread (barge-in): silence within 100 ms.
  void hush();
  [[nodiscard]] bool speaking() const { return speaking_; }

private:
  std::unique_ptr<speech::Synthesizer> synthesizer_;
  std::unique_ptr<os::Speaker> speaker_;
  std::atomic<bool> speaking_{false};
  std::atomic<bool> hushed_{false};
};

} // namespace yanxing::assistant
