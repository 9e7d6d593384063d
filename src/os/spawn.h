// What starting a child takes, for process.cc and line_process.cc. RAII over posix_spawn's parts.
#pragma once

#include "base/result.h"

#include <array>
#include <spawn.h>
#include <string>
#include <sys/types.h>
#include <vector>

namespace yanxing::os {

// Two connected descriptors, closed on exec. The input of a child is a socket: writing to one can be told not to raise
// SIGPIPE.
class Channel {
public:
  enum class Kind { kPipe, kSocket };
  explicit Channel(Kind kind);
  Channel(const Channel &) = delete;
  Channel &operator=(const Channel &) = delete;
  ~Channel();
  void close_reader() { close(ends_[0]); }
  void close_writer() { close(ends_[1]); }
  [[nodiscard]] bool open() const { return ends_[0] >= 0; }
  [[nodiscard]] int reader() const { return ends_[0]; }
  [[nodiscard]] int writer() const { return ends_[1]; }

private:
  static void close(int &end);
  std::array<int, 2> ends_{-1, -1};
};

struct FileActions {
  posix_spawn_file_actions_t value{};
  FileActions() { posix_spawn_file_actions_init(&value); }
  FileActions(const FileActions &) = delete;
  FileActions &operator=(const FileActions &) = delete;
  ~FileActions() { posix_spawn_file_actions_destroy(&value); }
};

// Children start with default signals, whatever we ignore or block.
struct Attributes {
  posix_spawnattr_t value{};
  explicit Attributes(int flags);
  Attributes(const Attributes &) = delete;
  Attributes &operator=(const Attributes &) = delete;
  ~Attributes() { posix_spawnattr_destroy(&value); }
};

// argv's texts as posix_spawn takes them; valid while `argv` is.
std::vector<char *> pointers(const std::vector<std::string> &argv);
Error cannot_start(const std::string &program, int code);

// Starts argv[0] (found on PATH) in a process group of its own with these as its three standard streams, and closes the
// child's ends here. argv is not empty.
Result<pid_t> spawn_child(const std::vector<std::string> &argv, Channel &in, Channel &out, Channel &err);

} // namespace yanxing::os
