// What happens in turns, as it happens, for whoever watches (/v1/turns). Thread-safe.
#pragma once

#include "base/json.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

namespace yanxing::server {

class TurnFeed {
public:
  // `stage`: heard, decided, said, … Adds when and a number that grows.
  void publish(const std::string &stage, Json data);
  // The next event behind number `after`, with its number; waits for one as long as `wait_ms`. Empty text: none came.
  // Who is too slow misses the oldest.
  std::pair<std::uint64_t, std::string> next(std::uint64_t after, int wait_ms);
  [[nodiscard]] std::uint64_t latest() const;

private:
  static constexpr std::size_t kKept = 256;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> events_; // the last is number latest_
  std::uint64_t latest_ = 0;
};

} // namespace yanxing::server
