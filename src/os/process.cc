#include "os/process.h"

#include "os/spawn.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char **environ; // NOLINT(readability-redundant-declaration): POSIX leaves its declaration to the program

namespace yanxing::os {
namespace {

constexpr std::size_t kMostOutput = 1 << 20;
constexpr std::size_t kMostErrors = 64 << 10;

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

std::string seconds_text(int ms) {
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

// Feeds a child's input and reads both its outputs at once, so that neither side waits for the other.
class Conversation {
public:
  using Deadline = std::chrono::steady_clock::time_point;
  Conversation(pid_t child, Channel &in, Channel &out, Channel &err, std::string_view input)
      : child_(child), in_(in), out_(out), err_(err), input_(input) {
    give();
  }
  Conversation(const Conversation &) = delete;
  Conversation &operator=(const Conversation &) = delete;
  ~Conversation() {
    if (!ended_) {
      ::kill(-child_, SIGKILL);
      ::waitpid(child_, &status_, 0);
    }
  }

  // False where it did not end in time.
  bool until(Deadline deadline) {
    constexpr int kLookMs = 50; // a child may end while a grandchild still holds its output open
    while (out_open_ || err_open_ || !ended_) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
      if (left <= 0) {
        return false;
      }
      const bool was_ended = ended_;
      const bool heard = exchange(was_ended ? 0 : static_cast<int>(std::min<long>(left, kLookMs)));
      ended_ = ended_ || ::waitpid(child_, &status_, WNOHANG) == child_;
      if (was_ended && !heard) {
        break;
      }
    }
    return true;
  }

  [[nodiscard]] Finished finished() {
    said_.exit_code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
    return std::move(said_);
  }

private:
  // True where something was read.
  bool exchange(int wait_ms) {
    std::array<pollfd, 3> polled{pollfd{out_open_ ? out_.reader() : -1, POLLIN, 0},
                                 pollfd{err_open_ ? err_.reader() : -1, POLLIN, 0}, pollfd{in_.writer(), POLLOUT, 0}};
    if (::poll(polled.data(), polled.size(), wait_ms) <= 0) {
      return false;
    }
    const bool heard = polled[0].revents != 0 || polled[1].revents != 0;
    out_open_ = out_open_ && (polled[0].revents == 0 || drain(out_.reader(), said_.output, kMostOutput));
    err_open_ = err_open_ && (polled[1].revents == 0 || drain(err_.reader(), said_.errors, kMostErrors));
    if (polled[2].revents != 0) {
      give();
    }
    return heard;
  }

  void give() {
    const auto sent =
        input_.empty() ? 0 : ::send(in_.writer(), input_.data(), input_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      input_.remove_prefix(static_cast<std::size_t>(sent));
    }
    if (input_.empty() || (sent < 0 && errno != EAGAIN && errno != EINTR)) {
      in_.close_writer(); // all is said, or it does not listen
    }
  }

  pid_t child_;
  Channel &in_;
  Channel &out_;
  Channel &err_;
  std::string_view input_;
  Finished said_;
  int status_ = 0;
  bool ended_ = false;
  bool out_open_ = true;
  bool err_open_ = true;
};

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
  Channel in(Channel::Kind::kSocket);
  Channel out(Channel::Kind::kPipe);
  Channel err(Channel::Kind::kPipe);
  const auto spawned = spawn_child(argv, in, out, err);
  if (!spawned) {
    return spawned.error();
  }
  const pid_t child = *spawned;
  Conversation talk(child, in, out, err, input);
  return talk.until(std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms))
             ? talk.finished()
             : Result<Finished>(
                   Error{argv[0] + " did not finish within " + seconds_text(timeout_ms) + " and was ended", ""});
}

Status start_process(const std::vector<std::string> &argv) {
  if (argv.empty()) {
    return Error{"there is no program to start", ""};
  }
  FileActions actions;
  posix_spawn_file_actions_addopen(&actions.value, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions.value, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions.value, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions.value,
                                           STDERR_FILENO + 1); // it outlives us: it keeps nothing of ours
  const Attributes attributes(POSIX_SPAWN_SETSID);
  pid_t child = 0;
  const int code =
      posix_spawnp(&child, argv[0].c_str(), &actions.value, &attributes.value, pointers(argv).data(), environ);
  if (code != 0) {
    return cannot_start(argv[0], code);
  }
  // Somebody must take its exit status, or it stays as a zombie for as long as we live.
  std::thread([child] {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  }).detach();
  return {};
}

} // namespace yanxing::os
