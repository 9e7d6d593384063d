#include "server/counters.h"

#include <sstream>

namespace yanxing::server {

void Counters::begin() {
  const std::lock_guard lock(mutex_);
  ++open_;
}

void Counters::end(const std::string &route, int status, double seconds) {
  const std::lock_guard lock(mutex_);
  --open_;
  ++requests_[{route, status}];
  auto &times = times_[route];
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    times.within[i] += seconds <= kBounds[i] ? 1 : 0;
  }
  ++times.count;
  times.sum += seconds;
}

int Counters::open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

std::string Counters::text() const {
  const std::lock_guard lock(mutex_);
  std::ostringstream out;
  out << "# HELP yanxing_requests_total Requests answered.\n# TYPE yanxing_requests_total counter\n";
  for (const auto &[key, count] : requests_) {
    out << "yanxing_requests_total{route=\"" << key.first << "\",status=\"" << key.second << "\"} " << count << "\n";
  }
  out << "# HELP yanxing_requests_open Requests that are being answered.\n# TYPE yanxing_requests_open gauge\n"
      << "yanxing_requests_open " << open_ << "\n"
      << "# HELP yanxing_request_seconds Time from the request to the last byte of its answer.\n"
      << "# TYPE yanxing_request_seconds histogram\n";
  for (const auto &[route, times] : times_) {
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
      out << "yanxing_request_seconds_bucket{route=\"" << route << "\",le=\"" << kBounds[i] << "\"} " << times.within[i]
          << "\n";
    }
    out << "yanxing_request_seconds_bucket{route=\"" << route << "\",le=\"+Inf\"} " << times.count << "\n"
        << "yanxing_request_seconds_sum{route=\"" << route << "\"} " << times.sum << "\n"
        << "yanxing_request_seconds_count{route=\"" << route << "\"} " << times.count << "\n";
  }
  return out.str();
}

std::string labelled_metrics(const std::string &text, const std::string &model, std::map<std::string, bool> &seen) {
  constexpr std::string_view kTheirs = "llamacpp:";
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find(kTheirs);
    if (at == std::string::npos) {
      continue;
    }
    line.replace(at, kTheirs.size(), "yanxing_model_");
    const auto end = line.find(' ', at);
    if (end == std::string::npos) {
      continue;
    }
    if (line.starts_with('#')) {
      if (!seen.emplace(line.substr(0, end), true).second) {
        continue;
      }
    } else {
      line.insert(end, "{model=\"" + model + "\"}");
    }
    out += line + "\n";
  }
  return out;
}

} // namespace yanxing::server
