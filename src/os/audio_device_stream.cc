#include "os/audio_device_stream.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace yanxing::os {

StreamResampler::StreamResampler(int from_hz, int to_hz)
    : step_(static_cast<double>(from_hz) / to_hz), cutoff_(std::min(1.0, 0.95 / step_)),
      reach_(static_cast<std::size_t>(std::ceil(kHalfWidth / cutoff_))), held_(reach_, 0.0F),
      position_(static_cast<double>(reach_)) {}

std::vector<float> StreamResampler::process(std::span<const float> samples) {
  held_.insert(held_.end(), samples.begin(), samples.end());
  std::vector<float> out;
  const auto reach = static_cast<double>(reach_);
  for (; position_ + reach < static_cast<double>(held_.size()); position_ += step_) {
    const auto first = static_cast<std::size_t>(position_) - reach_ + 1;
    double sum = 0;
    for (std::size_t i = first; i < first + 2 * reach_; ++i) {
      const double x = static_cast<double>(i) - position_;
      const double phase = std::numbers::pi * cutoff_ * x;
      const double sinc = std::abs(phase) < 1e-9 ? 1.0 : std::sin(phase) / phase;
      const double hann = 0.5 + 0.5 * std::cos(std::numbers::pi * std::clamp(x / reach, -1.0, 1.0));
      sum += static_cast<double>(held_[i]) * cutoff_ * sinc * hann;
    }
    out.push_back(static_cast<float>(sum));
  }
  const auto past = std::min(static_cast<std::size_t>(position_) - reach_, held_.size());
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(past));
  position_ -= static_cast<double>(past);
  return out;
}

void PlayQueue::add(std::vector<float> samples) {
  if (samples.empty()) {
    return;
  }
  const std::lock_guard lock(mutex_);
  chunks_.push_back(std::move(samples));
}

void PlayQueue::take(std::span<float> out) {
  const std::lock_guard lock(mutex_);
  std::size_t filled = 0;
  while (filled < out.size() && !chunks_.empty()) {
    const auto &chunk = chunks_.front();
    const auto count = std::min(out.size() - filled, chunk.size() - taken_);
    std::copy_n(chunk.begin() + static_cast<std::ptrdiff_t>(taken_), count,
                out.begin() + static_cast<std::ptrdiff_t>(filled));
    filled += count;
    taken_ += count;
    if (taken_ == chunk.size()) {
      chunks_.pop_front();
      taken_ = 0;
    }
  }
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(filled), out.end(), 0.0F);
  if (chunks_.empty()) {
    empty_.notify_all();
  }
}

void PlayQueue::drop() {
  const std::lock_guard lock(mutex_);
  chunks_.clear();
  taken_ = 0;
  empty_.notify_all();
}

bool PlayQueue::wait_empty(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return empty_.wait_for(lock, limit, [&] { return chunks_.empty(); });
}

} // namespace yanxing::os
