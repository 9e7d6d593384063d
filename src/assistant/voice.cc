#include "assistant/voice.h"

#include <chrono>

namespace yanxing::assistant {

Result<Voice::Said> Voice::say(const std::string &text, const std::function<void(double)> &on_first) {
  Said said;
  said.clip.sample_rate_hz = synthesizer_->sample_rate_hz();
  if (text.empty()) {
    return said;
  }
  hushed_ = false;
  speaking_ = true;
  const auto started = std::chrono::steady_clock::now();
  Status played;
  auto spoken = synthesizer_->speak(text, [&](std::span<const float> samples) {
    const bool first = said.clip.samples.empty();
    if (first) {
      said.first_audio_ms =
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
    }
    said.clip.samples.insert(said.clip.samples.end(), samples.begin(), samples.end());
    if (speaker_ && !hushed_) {
      played = speaker_->play(samples, said.clip.sample_rate_hz);
    }
    if (first && on_first) {
      on_first(said.first_audio_ms);
    }
    return !hushed_ && played.ok();
  });
  if (speaker_ && !hushed_) {
    speaker_->wait();
  }
  speaking_ = false;
  if (!spoken) {
    return spoken.error();
  }
  if (!played) {
    return played.error();
  }
  return said;
}

void Voice::hush() {
  hushed_ = true;
  if (speaker_ && speaking_) {
    speaker_->stop();
  }
}

} // namespace yanxing::assistant
