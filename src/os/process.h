// Child processes, always as an argv: there is no shell anywhere in yanxing.
#pragma once

#include "base/result.h"

#include <string>
#include <vector>

namespace yanxing::os {

struct Finished {
  int exit_code = 0;
  std::string output; // stdout, at most 1 MiB
  std::string errors; // stderr, at most 64 KiB
};

// Runs and waits; kills the whole process group after timeout_ms.
Result<Finished> run_process(const std::vector<std::string> &argv, int timeout_ms, const std::string &input = "");
// Starts detached (setsid) and returns at once; an error where the program does not exist.
Status start_process(const std::vector<std::string> &argv);
// Full path of a program on PATH, or empty.
std::string find_program(const std::string &name);

} // namespace yanxing::os
