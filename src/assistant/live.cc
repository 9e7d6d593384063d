#include "assistant/live.h"

#include "base/log.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace yanxing::assistant {
namespace {

using Clock = std::chrono::steady_clock;
using Event = speech::Endpointer::Event;

double ms_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

struct Task {
  Event event = Event::kNone;
  audio::Clip clip; // the utterance so far
  Clock::time_point at;
};

} // namespace

struct Live::Impl {
  Parts parts;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Task> tasks;
  bool busy = false;
  bool closing = false;
  std::size_t guessed_samples = 0; // length of the utterance the last speculation was about
  bool guess_stands = false;
  std::thread worker;

  explicit Impl(Parts given) : parts(std::move(given)) {
    worker = std::thread([this] { work(); });
  }
  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      closing = true;
    }
    changed.notify_all();
    worker.join();
  }

  void post(Event event) {
    {
      const std::lock_guard lock(mutex);
      // What is queued but overtaken need not be done: a pause before a resume, a guess before the end.
      std::erase_if(tasks, [&](const Task &task) { return task.event == Event::kPause; });
      tasks.push_back({event, parts.endpointer->utterance(), Clock::now()});
    }
    changed.notify_all();
  }

  void work() {
    while (true) {
      Task task;
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return closing || !tasks.empty(); });
        if (tasks.empty()) {
          return;
        }
        task = std::move(tasks.front());
        tasks.pop_front();
        busy = true;
      }
      try {
        handle(task);
      } catch (const std::exception &fatal) {
        log_warning(std::string("this turn failed: ") + fatal.what());
      }
      {
        const std::lock_guard lock(mutex);
        busy = false;
      }
      changed.notify_all();
    }
  }

  void handle(const Task &task) {
    switch (task.event) {
    case Event::kStart:
      begin();
      break;
    case Event::kPause:
      guess(task.clip);
      break;
    case Event::kResume:
      guess_stands = false;
      break;
    case Event::kEnd:
      finish(task);
      break;
    case Event::kNone:
      break;
    }
  }

  void begin() {
    parts.turn->begin();
    guess_stands = false;
    const auto started = Clock::now();
    auto sight = parts.look();
    if (!sight) {
      log_warning("the screen was not seen: " + sight.error().message());
    }
    const double see_ms = ms_between(started, Clock::now());
    warn(parts.turn->see(sight ? std::move(*sight) : screen::Sight{}, see_ms));
  }

  void guess(const audio::Clip &clip) {
    guess_stands = warn(parts.turn->hear(clip, parts.language)) && warn(parts.turn->decide());
    guessed_samples = clip.samples.size();
  }

  void finish(const Task &task) {
    // The final clip has only more silence than the one that was guessed on: at most the padding.
    constexpr std::size_t kSameUtterance = audio::kSpeechRateHz / 4;
    const bool same = guess_stands && task.clip.samples.size() <= guessed_samples + kSameUtterance;
    if (!same) {
      guess(task.clip);
    }
    if (!guess_stands) {
      return;
    }
    warn(parts.turn->act());
    auto &report = parts.turn->report();
    report.timings_ms["endpoint"] = 0;
    report.timings_ms["total"] = ms_between(task.at, Clock::now());
    parts.on_turn(report);
  }

  static bool warn(const Status &status) {
    if (!status) {
      log_warning(status.error().message());
    }
    return status.ok();
  }
};

Live::Live(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
Live::~Live() = default;

void Live::push(std::span<const float> samples) {
  for (const auto event : impl_->parts.endpointer->push(samples)) {
    if (event == Event::kStart && impl_->parts.on_speech) {
      impl_->parts.on_speech();
    }
    impl_->post(event);
  }
}

void Live::drain() {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [&] { return impl_->tasks.empty() && !impl_->busy; });
}

} // namespace yanxing::assistant
