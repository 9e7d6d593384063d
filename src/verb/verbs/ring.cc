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

// Waits for the timers in the book and rings each; ends when the book is empty.
Status ring_all() {
  const auto state = state_folder();
  const auto lock = action::RingerLock::take(state);
  if (!lock) {
    return {}; // another one is on duty
  }
  const auto configured = settings();
  if (!configured) {
    return configured.error();
  }
  std::unique_ptr<assistant::Voice> voice;
  action::TimerBook book(state);
  while (!book.all().empty()) {
    const auto due = book.take_due(std::time(nullptr));
    if (!due) {
      return due.error();
    }
    if (!due->empty() && !voice) {
      auto speaker = os::open_speaker();
      auto synthesizer = open_synthesizer(*configured);
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

} // namespace

Verb make_ring_verb() {
  return {"ring", "waits for timers, alarms and reminders and rings them (started by itself when one is set)",
          "  yanxing ring", [](CLI::App &) -> std::function<Status()> { return ring_all; }, ""};
}

} // namespace yanxing::verb
