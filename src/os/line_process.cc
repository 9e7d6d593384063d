#include "os/line_process.h"

#include "os/spawn.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace yanxing::os {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kLongestLine = std::size_t{256} << 20U;
constexpr std::size_t kKeptErrors = 4096; // the end of what it wrote to stderr

int left_ms(Clock::time_point deadline) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count());
}

} // namespace

struct LineProcess::Impl {
  std::string program;
  Channel in{Channel::Kind::kSocket};
  Channel out{Channel::Kind::kPipe};
  Channel err{Channel::Kind::kPipe};
  pid_t child = 0;
  bool ended = false;
  bool err_open = true;
  std::string heard;  // of stdout, not yet returned
  std::string errors; // of stderr

  Impl() = default;
  Impl(const Impl &) = delete;
  Impl &operator=(const Impl &) = delete;
  ~Impl() { end(/*kill_at_once=*/false); }

  // "… exited with 1", or by which signal it was ended.
  std::string end(bool kill_at_once) {
    if (ended || child == 0) {
      return "ended before";
    }
    in.close_writer();
    int status = 0;
    constexpr auto kGrace = std::chrono::milliseconds(500);
    const auto deadline = Clock::now() + kGrace;
    pid_t gone = 0;
    while (!kill_at_once && (gone = ::waitpid(child, &status, WNOHANG)) == 0 && Clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    ::kill(-child, SIGKILL); // what it started goes with it
    if (gone == 0) {
      while ((gone = ::waitpid(child, &status, 0)) < 0 && errno == EINTR) {
      }
    }
    ended = true;
    return WIFEXITED(status) ? "exited with " + std::to_string(WEXITSTATUS(status))
                             : "was ended by signal " + std::to_string(WTERMSIG(status));
  }

  void read_errors() {
    std::array<char, 4096> buffer{};
    const auto got = ::read(err.reader(), buffer.data(), buffer.size());
    if (got > 0) {
      errors.append(buffer.data(), static_cast<std::size_t>(got));
      errors.erase(0, errors.size() > kKeptErrors ? errors.size() - kKeptErrors : 0);
    }
    err_open = got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
  }

  // False at the end of its output.
  bool read_output() {
    std::array<char, 1 << 16> buffer{};
    const auto got = ::read(out.reader(), buffer.data(), buffer.size());
    if (got > 0) {
      heard.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
  }

  Error gone() {
    const auto how = end(/*kill_at_once=*/false);
    for (std::array<pollfd, 1> polled{pollfd{err.reader(), POLLIN, 0}};
         err_open && ::poll(polled.data(), polled.size(), 0) > 0;) {
      read_errors();
    }
    while (!errors.empty() && (errors.back() == '\n' || errors.back() == ' ')) {
      errors.pop_back();
    }
    return Error{program + " " + how + " before it answered" + (errors.empty() ? "" : "; it wrote:\n" + errors), ""};
  }
};

LineProcess::LineProcess(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LineProcess::LineProcess(LineProcess &&) noexcept = default;
LineProcess &LineProcess::operator=(LineProcess &&) noexcept = default;
LineProcess::~LineProcess() = default;

Result<LineProcess> LineProcess::start(const std::vector<std::string> &argv) {
  if (argv.empty() || argv[0].empty()) {
    return Error{"there is no program to start", ""};
  }
  auto impl = std::make_unique<Impl>();
  impl->program = argv[0];
  const auto child = spawn_child(argv, impl->in, impl->out, impl->err);
  if (!child) {
    return child.error();
  }
  impl->child = *child;
  return LineProcess(std::move(impl));
}

Result<std::string> LineProcess::exchange(const std::string &line, int timeout_ms) {
  auto &p = *impl_;
  if (p.ended) {
    return Error{p.program + " has ended", ""};
  }
  const auto text = line + "\n";
  std::string_view rest = text;
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (true) {
    if (const auto end = p.heard.find('\n'); end != std::string::npos) {
      if (end + 1 != p.heard.size() || !rest.empty()) {
        p.end(/*kill_at_once=*/true);
        return Error{p.program + " wrote more than one line for one request",
                     "Print one line a request, and everything else to stderr"};
      }
      auto answer = p.heard.substr(0, end);
      p.heard.clear();
      return answer;
    }
    const int left = left_ms(deadline);
    if (left <= 0 || p.heard.size() > kLongestLine) {
      const bool late = left <= 0;
      p.end(/*kill_at_once=*/true);
      return late ? Error{p.program + " did not answer within " + std::to_string(timeout_ms) + " ms and was ended",
                          "Give it more time, or see what it waits for"}
                  : Error{p.program + " wrote a line of more than 256 MiB", ""};
    }
    std::array<pollfd, 3> polled{pollfd{p.out.reader(), POLLIN, 0}, pollfd{p.err_open ? p.err.reader() : -1, POLLIN, 0},
                                 pollfd{rest.empty() ? -1 : p.in.writer(), POLLOUT, 0}};
    if (::poll(polled.data(), polled.size(), left) < 0 && errno != EINTR) {
      p.end(/*kill_at_once=*/true);
      return Error{p.program + " cannot be waited for", ""};
    }
    if (polled[1].revents != 0) {
      p.read_errors();
    }
    if (polled[2].revents != 0) {
      const auto sent = ::send(p.in.writer(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) {
        rest.remove_prefix(static_cast<std::size_t>(sent));
      } else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        return p.gone();
      }
    }
    if (polled[0].revents != 0 && !p.read_output()) {
      return p.gone();
    }
  }
}

} // namespace yanxing::os
