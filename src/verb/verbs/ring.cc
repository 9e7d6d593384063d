#include "action/mail.h"
#include "action/timers.h"
#include "assistant/voice.h"
#include "base/log.h"
#include "base/paths.h"
#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>
#include <thread>

namespace yanxing::verb {
namespace {

std::string words_for(const action::Timer &timer) {
  const bool zh = language_of(timer.label) == Language::kChinese;
  if (timer.label.empty()) {
    return "时间到了。Time is up.";
  }
  return zh ? "提醒您：" + timer.label + "。" : "Reminder: " + timer.label + ".";
}

void ring(const action::Timer &timer, assistant::Voice *voice) {
  std::cout << "\a" << words_for(timer) << "\n" << std::flush;
  if (voice != nullptr) {
    if (const auto said = voice->say(words_for(timer)); !said) {
      log_warning(said.error().message());
    }
  }
}

// Sends waiting mail while there is any, with back-off. On its own thread: a slow server must not delay an alarm.
class MailKeeper {
public:
  MailKeeper(Settings settings, std::filesystem::path state)
      : settings_(std::move(settings)), state_(std::move(state)),
        worker_([this](const std::stop_token &stop) { keep(stop); }) {}
  [[nodiscard]] bool busy() const { return !settings_.smtp_url.empty() && action::mail_waits(state_); }

private:
  void keep(const std::stop_token &stop) {
    int failures = 0;
    auto next = std::chrono::steady_clock::now();
    while (!stop.stop_requested()) {
      if (busy() && std::chrono::steady_clock::now() >= next) {
        action::flush_queue(settings_, state_);
        failures = busy() ? failures + 1 : 0;
        next = std::chrono::steady_clock::now() + action::retry_after(failures);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
  }

  Settings settings_;
  std::filesystem::path state_;
  std::jthread worker_;
};

Status ring_until_empty(const Settings &configured, const std::filesystem::path &state) {
  std::unique_ptr<assistant::Voice> voice;
  const MailKeeper mail(configured, state);
  action::TimerBook book(state);
  while (!book.all().empty() || mail.busy()) {
    const auto due = book.take_due(std::time(nullptr));
    if (!due) {
      return due.error();
    }
    if (!due->empty() && !voice) {
      auto speaker = os::open_speaker();
      auto synthesizer = open_synthesizer(configured);
      if (speaker && synthesizer) {
        voice = std::make_unique<assistant::Voice>(std::move(*synthesizer), std::move(*speaker));
      }
    }
    for (const auto &timer : *due) {
      ring(timer, voice.get());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  return {};
}

// Waits for the timers in the book and for the mail in the queue; ends when both are empty.
Status ring_all() {
  const auto state = state_folder();
  const auto configured = settings();
  if (!configured) {
    return configured.error();
  }
  // What is added between the last look and the release of the lock found us on duty and started nobody: look again.
  const auto pending = [&] {
    return !action::TimerBook(state).all().empty() || (!configured->smtp_url.empty() && action::mail_waits(state));
  };
  while (pending()) {
    const auto lock = action::RingerLock::take(state);
    if (!lock) {
      return {}; // another one is on duty
    }
    if (auto rung = ring_until_empty(*configured, state); !rung) {
      return rung;
    }
  }
  return {};
}

} // namespace

Verb make_ring_verb() {
  return {"ring", "rings timers, alarms and reminders, and sends mail that waits (started by itself when one is set)",
          "  yanxing ring", [](CLI::App &) -> std::function<Status()> { return ring_all; }, ""};
}

} // namespace yanxing::verb
