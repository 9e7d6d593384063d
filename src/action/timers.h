// Timers, alarms and reminders: one JSON file, so that they survive a restart; whoever runs (a listening yanxing, or
// the ringer started for them) rings what is due, once.
#pragma once

#include "base/json.h"
#include "base/result.h"

#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::action {

struct Timer {
  std::string id;
  std::string kind;  // timer, alarm, reminder
  std::string label; // what to say when it rings
  std::time_t due = 0;
};

class TimerBook {
public:
  explicit TimerBook(const std::filesystem::path &state);

  Result<Timer> add(const std::string &kind, const std::string &label, std::time_t due);
  // `due` 0: whenever it rings. An error where there is no such timer (any more): ids are used again.
  Status remove(const std::string &id, std::time_t due = 0);
  [[nodiscard]] std::vector<Timer> all() const; // soonest first
  // Those that are due, taken out of the book: each rings in one process only.
  Result<std::vector<Timer>> take_due(std::time_t now);

private:
  template <class Change> Status change(Change &&change);
  std::filesystem::path file_;
};

// Starts `yanxing ring` in the background unless one is running; it waits for the timers and ends after the last.
// An error in any other program (a test), which must not start itself again.
Status ensure_ringer(const std::filesystem::path &state);

// Held by the one ringer; empty where another has it.
class RingerLock {
public:
  static std::optional<RingerLock> take(const std::filesystem::path &state);
  RingerLock(RingerLock &&other) noexcept;
  RingerLock &operator=(RingerLock &&) = delete;
  ~RingerLock();

private:
  explicit RingerLock(int fd) : fd_(fd) {}
  int fd_;
};

} // namespace yanxing::action
