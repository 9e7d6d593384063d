// A thread a connection, made when they come and gone when they are idle. The HTTP library's own pool counts a thread
// as idle until it has woken up, so in a burst it queues connections behind others that may stay open for minutes.
#pragma once

#include <httplib.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace yanxing::server {

class ConnectionThreads : public httplib::TaskQueue {
public:
  explicit ConnectionThreads(std::size_t most) : most_(most) {}

  // False where there are as many connections as there may be: the library closes this one.
  bool enqueue(std::function<void()> connection) override {
    std::list<std::thread> ended;
    {
      const std::lock_guard lock(mutex_);
      ended.swap(ended_);
      if (ending_ || (waiting_.size() >= idle_ && threads_.size() >= most_)) {
        join(ended);
        return false;
      }
      waiting_.push_back(std::move(connection));
      if (waiting_.size() > idle_) {
        threads_.emplace_back();
        threads_.back() = std::thread([this, self = std::prev(threads_.end())] { work(self); });
      }
    }
    changed_.notify_one();
    join(ended);
    return true;
  }

  // Waits for the connections that are open; the library has told them.
  void shutdown() override {
    std::unique_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
    all_ended_.wait(lock, [this] { return threads_.empty(); });
    std::list<std::thread> ended;
    ended.swap(ended_);
    lock.unlock();
    join(ended);
  }

private:
  static void join(std::list<std::thread> &threads) {
    for (auto &thread : threads) {
      thread.join();
    }
    threads.clear();
  }

  void work(std::list<std::thread>::iterator self) {
    constexpr auto kPatience = std::chrono::seconds(5);
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      changed_.wait_for(lock, kPatience, [this] { return ending_ || !waiting_.empty(); });
      --idle_;
      if (waiting_.empty()) {
        break;
      }
      auto connection = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      connection();
      connection = nullptr;
      lock.lock();
    }
    ended_.splice(ended_.end(), threads_, self);
    all_ended_.notify_all();
  }

  std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable all_ended_;
  std::deque<std::function<void()>> waiting_;
  std::list<std::thread> threads_;
  std::list<std::thread> ended_; // to be joined by the next who comes
  std::size_t idle_ = 0;         // threads that wait for a connection
  bool ending_ = false;
};

} // namespace yanxing::server
