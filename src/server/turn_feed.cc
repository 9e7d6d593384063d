#include "server/turn_feed.h"

#include <algorithm>
#include <chrono>

namespace yanxing::server {

void TurnFeed::publish(const std::string &stage, Json data) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  data["at_ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const std::lock_guard lock(mutex_);
  ++latest_;
  events_.push_back("id: " + std::to_string(latest_) + "\nevent: " + stage + "\ndata: " + dump(data) + "\n\n");
  if (events_.size() > kKept) {
    events_.pop_front();
  }
  changed_.notify_all();
}

std::pair<std::uint64_t, std::string> TurnFeed::next(std::uint64_t after, int wait_ms) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return latest_ > after; })) {
    return {after, ""};
  }
  const auto oldest = latest_ - events_.size() + 1;
  const auto number = std::max(after + 1, oldest);
  return {number, events_[static_cast<std::size_t>(number - oldest)]};
}

std::uint64_t TurnFeed::latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

} // namespace yanxing::server
