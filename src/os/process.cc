#include "os/process.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ; // NOLINT(readability-redundant-declaration): POSIX leaves its declaration to the program

namespace yanxing::os {
namespace {

constexpr std::size_t kMostOutput = 1 << 20;
constexpr std::size_t kMostErrors = 64 << 10;

class Pipe {
public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) {
      ends_ = {-1, -1};
    }
  }
  Pipe(const Pipe &) = delete;
  Pipe &operator=(const Pipe &) = delete;
  ~Pipe() {
    close(0);
    close(1);
  }
  void close(std::size_t end) {
    if (ends_[end] >= 0) {
      ::close(std::exchange(ends_[end], -1));
    }
  }
  [[nodiscard]] int reader() const { return ends_[0]; }
  [[nodiscard]] int writer() const { return ends_[1]; }

private:
  std::array<int, 2> ends_{-1, -1};
};

struct FileActions {
  posix_spawn_file_actions_t value{};
  FileActions() { posix_spawn_file_actions_init(&value); }
  FileActions(const FileActions &) = delete;
  FileActions &operator=(const FileActions &) = delete;
  ~FileActions() { posix_spawn_file_actions_destroy(&value); }
};

struct Attributes {
  posix_spawnattr_t value{};
  explicit Attributes(short flags) {
    posix_spawnattr_init(&value);
    posix_spawnattr_setflags(&value, flags);
  }
  Attributes(const Attributes &) = delete;
  Attributes &operator=(const Attributes &) = delete;
  ~Attributes() { posix_spawnattr_destroy(&value); }
};

std::vector<char *> pointers(const std::vector<std::string> &argv) {
  std::vector<char *> result;
  for (const auto &argument : argv) {
    result.push_back(const_cast<char *>(argument.c_str()));
  }
  result.push_back(nullptr);
  return result;
}

Error cannot_start(const std::string &program, int code) {
  return Error{"cannot start " + program + ": " + std::strerror(code), code == ENOENT ? "Install it, or correct the name" : ""};
}

// Reads what is there; false at the end of the stream.
bool drain(int fd, std::string &into, std::size_t most) {
  std::array<char, 1 << 14> buffer{};
  const auto got = ::read(fd, buffer.data(), buffer.size());
  if (got < 0) {
    return errno == EINTR || errno == EAGAIN;
  }
  if (got > 0 && into.size() < most) {
    into.append(buffer.data(), std::min(static_cast<std::size_t>(got), most - into.size()));
  }
  return got > 0;
}

} // namespace

std::string find_program(const std::string &name) {
  if (name.find('/') != std::string::npos) {
    return ::access(name.c_str(), X_OK) == 0 ? name : "";
  }
  const char *path = std::getenv("PATH"); // NOLINT(concurrency-mt-unsafe): nothing sets it after the start
  std::string rest = path == nullptr ? "/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const auto colon = rest.find(':');
    const auto candidate = rest.substr(0, colon) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0 && !std::filesystem::is_directory(candidate)) {
      return candidate;
    }
    rest = colon == std::string::npos ? "" : rest.substr(colon + 1);
  }
  return {};
}

Result<Finished> run_process(const std::vector<std::string> &argv, int timeout_ms, const std::string &input) {
  if (argv.empty()) {
    return Error{"there is no program to run", ""};
  }
  Pipe in;
  Pipe out;
  Pipe err;
  FileActions actions;
  posix_spawn_file_actions_adddup2(&actions.value, in.reader(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions.value, out.writer(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions.value, err.writer(), STDERR_FILENO);
  const Attributes attributes(POSIX_SPAWN_SETPGROUP); // a group of its own, so that all of it can be ended
  pid_t child = 0;
  if (const int code = posix_spawnp(&child, argv[0].c_str(), &actions.value, &attributes.value, pointers(argv).data(), environ); code != 0) {
    return cannot_start(argv[0], code);
  }
  in.close(0);
  out.close(1);
  err.close(1);
  std::signal(SIGPIPE, SIG_IGN); // a child that does not read its input must not end us
  std::string_view left = input;
  while (!left.empty()) {
    const auto written = ::write(in.writer(), left.data(), left.size());
    if (written <= 0) {
      break;
    }
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  in.close(1);

  Finished finished;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  bool out_open = true;
  bool err_open = true;
  bool late = false;
  while (out_open || err_open) {
    const auto remaining = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    std::array<pollfd, 2> polled{pollfd{out_open ? out.reader() : -1, POLLIN, 0}, pollfd{err_open ? err.reader() : -1, POLLIN, 0}};
    if (remaining <= 0 || ::poll(polled.data(), polled.size(), static_cast<int>(remaining)) == 0) {
      ::kill(-child, SIGKILL);
      late = true;
      break;
    }
    out_open = out_open && (polled[0].revents == 0 || drain(out.reader(), finished.output, kMostOutput));
    err_open = err_open && (polled[1].revents == 0 || drain(err.reader(), finished.errors, kMostErrors));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (late) {
    return Error{argv[0] + " did not finish within " + std::to_string(timeout_ms / 1000) + " s and was ended", ""};
  }
  finished.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return finished;
}

Status start_process(const std::vector<std::string> &argv) {
  if (argv.empty()) {
    return Error{"there is no program to start", ""};
  }
  FileActions actions;
  posix_spawn_file_actions_addopen(&actions.value, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions.value, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions.value, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const Attributes attributes(POSIX_SPAWN_SETSID);
  pid_t child = 0;
  const int code = posix_spawnp(&child, argv[0].c_str(), &actions.value, &attributes.value, pointers(argv).data(), environ);
  return code == 0 ? Status() : Status(cannot_start(argv[0], code));
}

} // namespace yanxing::os
