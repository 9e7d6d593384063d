// Three threads meet here: the device's (push), the worker's (all models), and whoever holds the key (talk, answer).
// The device's thread only detects speech and posts what became true; `ears` guards the detector, `mutex` the rest.
#include "assistant/live.h"

#include "action/policy.h"
#include "assistant/rehearsal.h"
#include "base/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string_view>
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
  double silence_ms = 0;
  bool over_reply = false; // it began while a reply was sounding
  Clock::time_point at;
};

// Letters and Han characters alone, in lower case.
std::string bare(const std::string &words) {
  std::string plain;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto c = static_cast<unsigned char>(words[i]);
    if (c < 0x80) {
      if (std::isalnum(c) != 0) {
        plain += static_cast<char>(std::tolower(c));
      }
      continue;
    }
    const std::size_t length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    const auto character = words.substr(i, length);
    static constexpr std::array<std::string_view, 6> kMarks{"，", "。", "！", "？", "、", "…"};
    if (std::find(kMarks.begin(), kMarks.end(), character) == kMarks.end()) {
      plain += character;
    }
    i += length - 1;
  }
  return plain;
}

} // namespace

bool wants_silence(const std::string &words) {
  static constexpr std::array<std::string_view, 17> kStops{
      "停",   "停下",   "停一下", "停止",  "别说了",      "不要说了", "安静",    "闭嘴",  "够了",
      "stop", "stopit", "quiet",  "quiet", "stoptalking", "bequiet",  "silence", "enough"};
  return std::find(kStops.begin(), kStops.end(), bare(words)) != kStops.end();
}

struct Live::Impl {
  Parts parts;
  std::mutex ears; // held around the endpointer
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Task> tasks;
  bool busy = false;
  bool closing = false;
  std::atomic<bool> speaking{false}; // somebody is: no reply is begun over that
  bool over_reply = false;           // of the utterance under way
  bool asking = false;               // a question waits
  bool utterance_answers = false;    // the utterance under way began after the question did
  std::deque<audio::Clip> answers;   // utterances said to the question
  std::optional<bool> key_answer;
  std::atomic<bool> sure{false}; // the speculation stands and is worth acting on
  bool guess_stands = false;     // of the worker alone, as all that follows
  std::string last_reply;
  std::string last_question;
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
    if (parts.voice != nullptr) {
      parts.voice->hush();
    }
    worker.join();
  }

  // The endpointer's events, under `ears`.
  void post(const std::vector<Event> &events) {
    for (const auto event : events) {
      if (event == Event::kStart && parts.voice != nullptr && parts.voice->speaking()) {
        over_reply = true;
        parts.voice->hush();
      } else if (event == Event::kStart) {
        over_reply = false;
      }
      speaking = parts.endpointer->speaking();
      post(event);
    }
  }

  void post(Event event) {
    Task task{event, parts.endpointer->utterance(), parts.endpointer->silence_ms(), over_reply, Clock::now()};
    {
      const std::lock_guard lock(mutex);
      sure = false; // whatever was guessed, it was about less than is known now
      if (event == Event::kStart) {
        utterance_answers = asking;
      }
      if (utterance_answers) {
        if (event == Event::kEnd && asking) {
          answers.push_back(std::move(task.clip));
        }
      } else {
        // What is queued but overtaken need not be done: a pause before a resume, a guess before the end.
        std::erase_if(tasks, [](const Task &queued) { return queued.event == Event::kPause; });
        tasks.push_back(std::move(task));
      }
    }
    changed.notify_all();
  }

  void work() {
    while (true) {
      Task task;
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return closing || !tasks.empty(); });
        if (closing) {
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
      guess(task);
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

  [[nodiscard]] bool overtaken() {
    const std::lock_guard lock(mutex);
    return std::any_of(tasks.begin(), tasks.end(), [](const Task &task) { return task.event == Event::kResume; });
  }

  void guess(const Task &task) {
    guess_stands = false;
    if (!warn(parts.turn->hear(task.clip, parts.language)) || overtaken()) {
      return;
    }
    auto &report = parts.turn->report();
    if (report.transcript.empty()) {
      guess_stands = true; // nobody spoke: nothing is decided
      return;
    }
    guess_stands = warn(parts.turn->decide());
    const auto &decision = report.decision;
    if (task.event == Event::kPause && guess_stands && decision.confidence >= parts.sure_confidence &&
        !decision.actions.empty() && decision.actions.front().name != kNoAction) {
      const std::lock_guard lock(mutex);
      sure = tasks.empty(); // nothing has happened since
    }
  }

  void finish(const Task &task) {
    const bool guessed = guess_stands;
    if (!guessed && !task.clip.samples.empty()) {
      guess(task);
    }
    auto &report = parts.turn->report();
    if (!std::exchange(guess_stands, false) || report.transcript.empty()) {
      return; // noise, or a key that was pressed for nothing
    }
    if (task.over_reply && (wants_silence(report.transcript) || is_echo(report.transcript))) {
      return; // the reply has gone silent, which is all that was wanted
    }
    report.timings_ms["endpoint"] = task.silence_ms;
    report.timings_ms["dispatch"] = task.silence_ms + ms_between(task.at, Clock::now());
    if (parts.on_heard) {
      parts.on_heard(report);
    }
    last_question.clear();
    warn(parts.turn->act());
    report.timings_ms["total"] = task.silence_ms + ms_between(task.at, Clock::now());
    reply();
  }

  // Our own voice, come back through an open microphone.
  [[nodiscard]] bool is_echo(const std::string &words) const {
    const auto heard = bare(words);
    return !heard.empty() &&
           (bare(last_reply).find(heard) != std::string::npos || bare(last_question).find(heard) != std::string::npos);
  }

  void reply() {
    const auto &report = parts.turn->report();
    last_reply = report.reply;
    bool told = false;
    const auto tell = [&](double first_audio_ms) {
      if (!std::exchange(told, true)) {
        auto spoken = report;
        spoken.timings_ms["first_audio"] = first_audio_ms;
        parts.on_turn(spoken);
      }
    };
    const bool asked_already = !last_question.empty() && report.reply == last_question;
    if (parts.voice != nullptr && !report.reply.empty() && !asked_already && !speaking) {
      if (auto said = parts.voice->say(report.reply, tell); !said) {
        log_warning("the reply was not spoken: " + said.error().message());
      }
    }
    if (!told) {
      parts.on_turn(report);
    }
  }

  std::optional<bool> ask(const std::string &question) {
    {
      const std::lock_guard lock(mutex);
      asking = true;
      answers.clear();
      key_answer.reset();
    }
    last_question = question;
    if (parts.voice != nullptr) {
      if (auto said = parts.voice->say(lead_in(parts.turn->report().language) + question); !said) {
        log_warning("the question was not spoken: " + said.error().message());
      }
    }
    const auto answered = wait_for_answer();
    const std::lock_guard lock(mutex);
    asking = false;
    return answered;
  }

  std::optional<bool> wait_for_answer() {
    auto until = Clock::now() + std::chrono::milliseconds(parts.answer_ms);
    while (true) {
      audio::Clip clip;
      {
        std::unique_lock lock(mutex);
        if (!changed.wait_until(lock, until, [&] { return closing || key_answer || !answers.empty(); }) || closing) {
          return std::nullopt;
        }
        if (key_answer) {
          return key_answer;
        }
        clip = std::move(answers.front());
        answers.pop_front();
      }
      speech::HearingOptions options;
      options.language = parts.language;
      const auto heard = parts.recognizer->transcribe(clip, options);
      if (!heard || heard->text.empty() || is_echo(heard->text)) {
        continue; // noise is no answer
      }
      if (const auto yes = action::heard_yes(heard->text)) {
        return yes;
      }
      if (wants_silence(heard->text)) {
        return false;
      }
      const std::lock_guard lock(mutex); // another command: it is the next turn
      const auto now = Clock::now();
      tasks.push_front({Event::kEnd, std::move(clip), 0, false, now});
      tasks.push_front({Event::kStart, {}, 0, false, now});
      return std::nullopt;
    }
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
  const std::lock_guard lock(impl_->ears);
  auto &endpointer = *impl_->parts.endpointer;
  if (impl_->parts.push_to_talk && !endpointer.speaking()) {
    return;
  }
  impl_->post(endpointer.push(samples));
  if (!impl_->parts.push_to_talk && impl_->sure && endpointer.speaking() &&
      endpointer.silence_ms() >= impl_->parts.sure_ms) {
    impl_->post(endpointer.end_now());
  }
}

void Live::talk(bool down) {
  const std::lock_guard lock(impl_->ears);
  impl_->post(down ? impl_->parts.endpointer->hold() : impl_->parts.endpointer->let_go());
}

std::optional<bool> Live::confirm(const std::string &question) { return impl_->ask(question); }

void Live::answer(bool yes) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->asking) {
      impl_->key_answer = yes;
    }
  }
  impl_->changed.notify_all();
}

bool Live::busy() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->busy || !impl_->tasks.empty() || impl_->speaking;
}

void Live::drain() {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [&] { return impl_->tasks.empty() && !impl_->busy; });
}

} // namespace yanxing::assistant
