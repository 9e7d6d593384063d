#include "os/recorded_microphone.h"

#include <algorithm>
#include <chrono>

namespace yanxing::os {

Status RecordedMicrophone::start(SoundSink sink) {
  stop();
  over_ = false;
  device_ = std::jthread([this, hear = std::move(sink)](const std::stop_token &stop) {
    constexpr std::size_t kBlock = 320; // 20 ms
    const std::vector<float> silence(kBlock, 0.0F);
    auto due = std::chrono::steady_clock::now();
    for (std::size_t at = 0; !stop.stop_requested(); at += kBlock) {
      due += std::chrono::milliseconds(20); // a block is delivered once it has been said
      std::this_thread::sleep_until(due);
      if (at < samples_.size()) {
        hear(std::span(samples_).subspan(at, std::min(kBlock, samples_.size() - at)));
      } else {
        over_ = true;
        hear(silence);
      }
    }
  });
  return {};
}

void RecordedMicrophone::stop() {
  if (device_.joinable()) {
    device_.request_stop();
    device_.join();
  }
}

} // namespace yanxing::os
