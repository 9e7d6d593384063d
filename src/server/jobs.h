// Long work beside the server: a child process by argument list (never a shell), followed line by line. Thread-safe.
#pragma once

#include "base/json.h"
#include "base/result.h"

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace yanxing::server {

struct JobOrder {
  std::string kind;  // one of a kind runs at a time
  std::string title; // for people
  std::vector<std::string> argv;
  std::filesystem::path log; // JSON lines with global_step, max_steps, loss, as `yanxing sft` writes them; may be empty
};

class Jobs {
public:
  Jobs() = default;
  Jobs(const Jobs &) = delete;
  Jobs &operator=(const Jobs &) = delete;
  ~Jobs(); // ends what runs

  // Its number. Errors: one of this kind runs; the program cannot be started.
  Result<int> start(JobOrder order);
  // [{id, kind, title, state: running|done|failed|cancelled, percent?, lines, exit_code?, started_ms}], latest first
  Json list();
  // The same of one, with `points`: [[step, loss], …]. Null where there is none.
  Json one(int id);
  // Its processes are told to end, and ended where they do not within some seconds.
  Status cancel(int id);

private:
  struct Job;
  std::shared_ptr<Job> find(int id);

  std::mutex mutex_;
  std::vector<std::shared_ptr<Job>> jobs_;
  int last_ = 0;
};

// "qwen2.5-0.5b: 30 % of 491 MB, 24.1 MB/s" → 30; -1 where the line tells no share.
int percent_of(const std::string &line);

} // namespace yanxing::server
