// What the server counts, as Prometheus reads it: requests by route and status, their times, how many are open. Thread-
// safe.
#pragma once

#include "server/http.h"

#include <array>
#include <map>
#include <mutex>
#include <string>

namespace yanxing::server {

class Counters : public Traffic {
public:
  void begin() override;
  void end(const std::string &route, int status, double seconds) override;
  [[nodiscard]] int open() const; // requests that are being answered
  [[nodiscard]] std::string text() const;

private:
  static constexpr std::array<double, 10> kBounds{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60}; // seconds
  struct Times {
    std::array<std::uint64_t, kBounds.size()> within{};
    std::uint64_t count = 0;
    double sum = 0;
  };
  mutable std::mutex mutex_;
  int open_ = 0;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;
  std::map<std::string, Times> times_;
};

// Metrics of one model, as its engine tells them, under our names and with its name as a label. `seen`: names that have
// been explained in this document, since that may be done once only.
std::string labelled_metrics(const std::string &text, const std::string &model, std::map<std::string, bool> &seen);

} // namespace yanxing::server
