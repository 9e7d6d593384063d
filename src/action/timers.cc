#include "action/timers.h"

#include "base/files.h"
#include "os/process.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace yanxing::action {
namespace fs = std::filesystem;
namespace {

int open_lock(const fs::path &file) {
  std::error_code code;
  fs::create_directories(file.parent_path(), code);
  return ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

class FileLock {
public:
  explicit FileLock(const fs::path &file) : fd_(open_lock(file)) {
    if (fd_ >= 0) {
      ::flock(fd_, LOCK_EX);
    }
  }
  FileLock(const FileLock &) = delete;
  FileLock &operator=(const FileLock &) = delete;
  ~FileLock() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }

private:
  int fd_;
};

// An empty book where there is none yet; an error where the file cannot be read, so that it is not written over.
Result<std::vector<Timer>> read_timers(const fs::path &file) {
  std::vector<Timer> timers;
  std::error_code code;
  if (!fs::exists(file, code)) {
    return timers;
  }
  const auto json = read_json_file(file);
  if (!json) {
    return json.error();
  }
  if (!json->is_array()) {
    return Error{file.string() + " is not a list of timers", "Move it away"};
  }
  for (const auto &item : *json) {
    if (item.is_object() && item.value("due", Json()).is_number_integer()) {
      timers.push_back({string_or_empty(item, "id"), string_or_empty(item, "kind"), string_or_empty(item, "label"),
                        item["due"].get<std::time_t>()});
    }
  }
  std::sort(timers.begin(), timers.end(), [](const Timer &a, const Timer &b) { return a.due < b.due; });
  return timers;
}

Status write_timers(const fs::path &file, const std::vector<Timer> &timers) {
  Json list = Json::array();
  for (const auto &timer : timers) {
    list.push_back({{"id", timer.id}, {"kind", timer.kind}, {"label", timer.label}, {"due", timer.due}});
  }
  return write_file(file, dump(list) + "\n", 0600);
}

} // namespace

TimerBook::TimerBook(const fs::path &state) : file_(state / "timers.json") {}

template <class Change> Status TimerBook::change(Change &&change) {
  const FileLock lock(file_.string() + ".lock"); // read, change and write as one step among processes
  auto timers = read_timers(file_);
  if (!timers) {
    return timers.error();
  }
  const bool changed = change(*timers);
  return changed ? write_timers(file_, *timers) : Status();
}

Result<Timer> TimerBook::add(const std::string &kind, const std::string &label, std::time_t due) {
  Timer timer{"", kind, label, due};
  auto kept = change([&](std::vector<Timer> &timers) {
    int number = 1;
    const auto taken = [&](const Timer &other) { return other.id == kind + "_" + std::to_string(number); };
    while (std::any_of(timers.begin(), timers.end(), taken)) {
      ++number;
    }
    timer.id = kind + "_" + std::to_string(number);
    timers.push_back(timer);
    return true;
  });
  return kept ? Result<Timer>(timer) : Result<Timer>(kept.error());
}

Status TimerBook::remove(const std::string &id, std::time_t due) {
  bool found = false;
  auto changed = change([&](std::vector<Timer> &timers) {
    found =
        std::erase_if(timers, [&](const Timer &timer) { return timer.id == id && (due == 0 || timer.due == due); }) > 0;
    return found;
  });
  return changed && !found ? Status(Error{"there is no timer " + id + " any more", ""}) : changed;
}

std::vector<Timer> TimerBook::all() const {
  auto timers = read_timers(file_);
  return timers ? std::move(*timers) : std::vector<Timer>{};
}

Result<std::vector<Timer>> TimerBook::take_due(std::time_t now) {
  std::vector<Timer> due;
  auto changed = change([&](std::vector<Timer> &timers) {
    std::copy_if(timers.begin(), timers.end(), std::back_inserter(due),
                 [&](const Timer &timer) { return timer.due <= now; });
    return std::erase_if(timers, [&](const Timer &timer) { return timer.due <= now; }) > 0;
  });
  return changed ? Result<std::vector<Timer>>(due) : Result<std::vector<Timer>>(changed.error());
}

std::optional<RingerLock> RingerLock::take(const fs::path &state) {
  const int fd = open_lock(state / "ringer.lock");
  if (fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) == 0) {
    return RingerLock(fd);
  }
  if (fd >= 0) {
    ::close(fd);
  }
  return std::nullopt;
}

RingerLock::RingerLock(RingerLock &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
RingerLock::~RingerLock() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Status ensure_ringer(const fs::path &state) {
  if (!RingerLock::take(state)) {
    return {}; // one is waiting already; it looks at the book again every second
  }
  std::error_code code;
  const auto self = fs::read_symlink("/proc/self/exe", code);
  if (!self.filename().string().starts_with("yanxing") || self.filename().string().find("test") != std::string::npos) {
    return Error{"only yanxing itself can ring", "Run 'yanxing ring'"};
  }
  const bool replaced = self.string().ends_with(" (deleted)"); // by an upgrade; it can still be started by its link
  return os::start_process({replaced ? "/proc/self/exe" : self.string(), "ring"});
}

} // namespace yanxing::action
