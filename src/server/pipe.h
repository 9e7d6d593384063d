// Pieces of a stream on their way from the thread that makes them to the one that sends them. The maker works while
// the stream lives; when the client goes, it is told to stop and waited for.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace yanxing::server {

class Pipe {
public:
  // `put` returns false where nobody listens any more.
  using Put = std::function<bool(std::string piece)>;
  explicit Pipe(std::function<void(const Put &put)> make)
      : maker_([this, make = std::move(make)](const std::stop_token &stop) {
          try {
            make([&](std::string piece) {
              const std::lock_guard lock(mutex_);
              pieces_.push_back(std::move(piece));
              changed_.notify_one();
              return !stop.stop_requested();
            });
          } catch (...) { // the stream ends here; its beginning has been sent
          }
          const std::lock_guard lock(mutex_);
          done_ = true;
          changed_.notify_one();
        }) {}

  // Appends what is there, after waiting for something; false where that was the last.
  bool next(std::string &piece) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ || !pieces_.empty(); });
    while (!pieces_.empty()) {
      piece += pieces_.front();
      pieces_.pop_front();
    }
    return !done_;
  }

  // The body of a streamed response.
  static std::function<bool(std::string &)> stream(std::function<void(const Put &put)> make) {
    return [pipe = std::make_shared<Pipe>(std::move(make))](std::string &piece) { return pipe->next(piece); };
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> pieces_;
  bool done_ = false;
  std::jthread maker_; // last: ends before what it uses
};

} // namespace yanxing::server
