// A child that lives as long as we want it: one line in, one line out. Started by argument list; there is no shell.
// Not thread-safe.
#pragma once

#include "base/result.h"

#include <memory>
#include <string>
#include <vector>

namespace yanxing::os {

class LineProcess {
public:
  static Result<LineProcess> start(const std::vector<std::string> &argv);
  LineProcess(LineProcess &&) noexcept;
  LineProcess &operator=(LineProcess &&) noexcept;
  ~LineProcess(); // closes its input; one that does not end by itself is killed with its whole group

  // Writes `line` and a newline, and reads one line, without its newline (at most 256 MiB). Errors: it did not answer
  // within timeout_ms, it ended (with the end of its stderr), it wrote more than one line. After an error it is ended
  // and every further call fails.
  Result<std::string> exchange(const std::string &line, int timeout_ms);

private:
  struct Impl;
  explicit LineProcess(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

} // namespace yanxing::os
