#include "os/spawn.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

extern char **environ; // NOLINT(readability-redundant-declaration): POSIX leaves its declaration to the program

namespace yanxing::os {

Channel::Channel(Kind kind) {
  const int code = kind == Kind::kPipe ? ::pipe2(ends_.data(), O_CLOEXEC)
                                       : ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data());
  if (code != 0) {
    ends_ = {-1, -1};
  }
}

Channel::~Channel() {
  close_reader();
  close_writer();
}

void Channel::close(int &end) {
  if (end >= 0) {
    ::close(std::exchange(end, -1));
  }
}

Attributes::Attributes(int flags) {
  posix_spawnattr_init(&value);
  sigset_t signals;
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&value, &signals);
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&value, &signals);
  posix_spawnattr_setflags(&value, static_cast<short>(flags | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
}

std::vector<char *> pointers(const std::vector<std::string> &argv) {
  std::vector<char *> result;
  for (const auto &argument : argv) {
    result.push_back(const_cast<char *>(argument.c_str()));
  }
  result.push_back(nullptr);
  return result;
}

Error cannot_start(const std::string &program, int code) {
  return Error{"cannot start " + program + ": " + std::strerror(code),
               code == ENOENT ? "Install it, or correct the name" : ""};
}

Result<pid_t> spawn_child(const std::vector<std::string> &argv, Channel &in, Channel &out, Channel &err) {
  if (!in.open() || !out.open() || !err.open()) {
    return cannot_start(argv[0], errno);
  }
  FileActions actions;
  posix_spawn_file_actions_adddup2(&actions.value, in.reader(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions.value, out.writer(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions.value, err.writer(), STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions.value, STDERR_FILENO + 1);
  const Attributes attributes(POSIX_SPAWN_SETPGROUP); // a group of its own, so that all of it can be ended
  pid_t child = 0;
  if (const int code =
          posix_spawnp(&child, argv[0].c_str(), &actions.value, &attributes.value, pointers(argv).data(), environ);
      code != 0) {
    return cannot_start(argv[0], code);
  }
  in.close_reader();
  out.close_writer();
  err.close_writer();
  return child;
}

} // namespace yanxing::os
