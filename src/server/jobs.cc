#include "server/jobs.h"

#include "base/files.h"
#include "os/spawn.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <deque>
#include <poll.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace yanxing::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kKeptLines = 100;
constexpr std::size_t kKeptJobs = 20;
constexpr std::size_t kLongestLine = 4096;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// The steps of a training log, at most about `most` of them, evenly.
Json points_of(const std::filesystem::path &log, int &percent) {
  Json points = Json::array();
  const auto text = log.empty() ? Result<std::string>(Error{}) : read_file(log, 64 << 20);
  if (!text) {
    return points;
  }
  std::vector<std::pair<std::int64_t, double>> all;
  std::size_t at = 0;
  while (at < text->size()) {
    const auto end = std::min(text->find('\n', at), text->size());
    const auto line = parse_json(std::string_view(*text).substr(at, end - at), "log");
    at = end + 1;
    if (line && line->contains("global_step") && line->contains("loss") && (*line)["loss"].is_number()) {
      all.emplace_back((*line)["global_step"].get<std::int64_t>(), (*line)["loss"].get<double>());
      const auto steps = line->value("max_steps", std::int64_t{0});
      percent = steps > 0 ? static_cast<int>(100 * all.back().first / steps) : percent;
    }
  }
  constexpr std::size_t kMost = 500;
  const auto stride = all.size() / kMost + 1;
  for (std::size_t i = 0; i < all.size(); i += stride) {
    points.push_back({all[i].first, all[i].second});
  }
  return points;
}

} // namespace

int percent_of(const std::string &line) {
  const auto sign = line.find(" %");
  if (sign == std::string::npos || sign == 0) {
    return -1;
  }
  auto start = sign;
  while (start > 0 && line[start - 1] >= '0' && line[start - 1] <= '9') {
    --start;
  }
  constexpr std::size_t kDigits = 3;
  if (start == sign || sign - start > kDigits) {
    return -1;
  }
  const int percent = std::stoi(line.substr(start, sign - start));
  return percent <= 100 ? percent : -1;
}

struct Jobs::Job {
  int id = 0;
  JobOrder order;
  pid_t child = 0;
  std::int64_t started_ms = now_ms();
  os::Channel in{os::Channel::Kind::kPipe};
  os::Channel out{os::Channel::Kind::kPipe};
  os::Channel err{os::Channel::Kind::kPipe};
  std::atomic<bool> cancelled{false};
  std::thread thread;

  std::mutex mutex; // of all below
  std::deque<std::string> lines;
  int percent = -1;
  bool running = true;
  int exit_code = 0;

  void take(std::string line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
      line.pop_back();
    }
    if (line.empty()) {
      return;
    }
    const std::lock_guard lock(mutex);
    const int told = percent_of(line);
    percent = told >= 0 ? told : percent;
    lines.push_back(line.substr(0, kLongestLine));
    if (lines.size() > kKeptLines) {
      lines.pop_front();
    }
  }

  // Reads both streams until they end, or the child has to.
  void follow() {
    std::array<std::string, 2> held;
    std::array<pollfd, 2> polled{pollfd{out.reader(), POLLIN, 0}, pollfd{err.reader(), POLLIN, 0}};
    auto kill_at = Clock::time_point::max();
    while (polled[0].fd >= 0 || polled[1].fd >= 0) {
      constexpr int kLookUpMs = 200;
      (void)::poll(polled.data(), polled.size(), kLookUpMs);
      if (cancelled && kill_at == Clock::time_point::max()) {
        ::kill(-child, SIGTERM);
        constexpr auto kGrace = std::chrono::seconds(5);
        kill_at = Clock::now() + kGrace;
      } else if (Clock::now() > kill_at) {
        ::kill(-child, SIGKILL);
      }
      for (std::size_t i = 0; i < polled.size(); ++i) {
        if (polled[i].fd >= 0 && polled[i].revents != 0 && !read_some(polled[i].fd, held[i])) {
          polled[i].fd = -1;
        }
      }
    }
    for (auto &rest : held) {
      take(std::move(rest));
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    ::kill(-child, SIGKILL); // what it started goes with it
    const std::lock_guard lock(mutex);
    running = false;
    constexpr int kBySignal = 128;
    exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : kBySignal + WTERMSIG(status);
    percent = exit_code == 0 ? 100 : percent;
  }

  // False at the end of the stream.
  bool read_some(int stream, std::string &held) {
    std::array<char, 4096> buffer{};
    const auto got = ::read(stream, buffer.data(), buffer.size());
    if (got <= 0) {
      return got < 0 && (errno == EINTR || errno == EAGAIN);
    }
    held.append(buffer.data(), static_cast<std::size_t>(got));
    for (auto end = held.find_first_of("\r\n"); end != std::string::npos; end = held.find_first_of("\r\n")) {
      take(held.substr(0, end));
      held.erase(0, end + 1);
    }
    if (held.size() > kLongestLine) {
      take(std::exchange(held, {}));
    }
    return true;
  }

  Json json(bool with_points) {
    int share = -1;
    auto points = points_of(order.log, share);
    const std::lock_guard lock(mutex);
    const char *state = running ? "running" : cancelled ? "cancelled" : exit_code == 0 ? "done" : "failed";
    Json json{{"id", id},       {"kind", order.kind},       {"title", order.title},
              {"state", state}, {"started_ms", started_ms}, {"lines", Json::array()}};
    if (const int known = std::max(share, percent); known >= 0) {
      json["percent"] = known;
    }
    constexpr std::size_t kFew = 3;
    const auto from = with_points || lines.size() < kFew ? 0 : lines.size() - kFew;
    for (std::size_t i = from; i < lines.size(); ++i) {
      json["lines"].push_back(lines[i]);
    }
    if (!running) {
      json["exit_code"] = exit_code;
    }
    if (with_points) {
      json["points"] = std::move(points);
    }
    return json;
  }
};

Jobs::~Jobs() {
  for (const auto &job : jobs_) {
    job->cancelled = true;
  }
  for (const auto &job : jobs_) {
    job->thread.join();
  }
}

Result<int> Jobs::start(JobOrder order) {
  const std::lock_guard lock(mutex_);
  for (const auto &job : jobs_) {
    const std::lock_guard inner(job->mutex);
    if (job->running && job->order.kind == order.kind) {
      return Error{"\"" + job->order.title + "\" is under way", "Wait until it has ended, or cancel it"};
    }
  }
  auto job = std::make_shared<Job>();
  job->id = ++last_;
  job->order = std::move(order);
  const auto child = os::spawn_child(job->order.argv, job->in, job->out, job->err);
  if (!child) {
    return child.error();
  }
  job->in.close_writer(); // nobody answers its questions
  job->child = *child;
  job->thread = std::thread([raw = job.get()] { raw->follow(); });
  jobs_.push_back(job);
  for (auto old = jobs_.begin(); jobs_.size() > kKeptJobs && old != jobs_.end();) {
    const bool ended = [&] {
      const std::lock_guard inner((*old)->mutex);
      return !(*old)->running;
    }();
    if (ended) {
      (*old)->thread.join();
      old = jobs_.erase(old);
    } else {
      ++old;
    }
  }
  return job->id;
}

std::shared_ptr<Jobs::Job> Jobs::find(int id) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(jobs_.begin(), jobs_.end(), [&](const auto &job) { return job->id == id; });
  return found == jobs_.end() ? nullptr : *found;
}

Json Jobs::list() {
  const std::lock_guard lock(mutex_);
  Json all = Json::array();
  for (auto job = jobs_.rbegin(); job != jobs_.rend(); ++job) {
    all.push_back((*job)->json(false));
  }
  return all;
}

Json Jobs::one(int id) {
  const auto job = find(id);
  return job ? job->json(true) : Json();
}

Status Jobs::cancel(int id) {
  const auto job = find(id);
  if (!job) {
    return Error{"there is no job of that number", ""};
  }
  job->cancelled = true;
  return {};
}

} // namespace yanxing::server
