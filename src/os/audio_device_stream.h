// What the device threads of audio_device.cc work with, free of any device so that tests can reach it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>
#include <vector>

namespace yanxing::os {

// Changes the sample rate of a stream, block by block: a windowed sinc, cut below half of the lower rate.
class StreamResampler {
public:
  StreamResampler(int from_hz, int to_hz);
  std::vector<float> process(std::span<const float> samples);

private:
  static constexpr int kHalfWidth = 16; // zero crossings on each side
  double step_;                         // input samples per output sample
  double cutoff_;                       // of the input's sample rate, times two
  std::size_t reach_;                   // input samples on each side of an output sample
  std::vector<float> held_;
  double position_; // of the next output sample, in `held_`
};

// Samples on their way to the loudspeaker. The device thread takes, others add, drop and wait.
class PlayQueue {
public:
  void add(std::vector<float> samples);
  // Fills `out` with what is queued and silence behind it.
  void take(std::span<float> out);
  void drop();
  // True as soon as nothing is queued; false after `limit`.
  bool wait_empty(std::chrono::milliseconds limit);

private:
  std::mutex mutex_;
  std::condition_variable empty_;
  std::deque<std::vector<float>> chunks_;
  std::size_t taken_ = 0; // of the first chunk
};

} // namespace yanxing::os
