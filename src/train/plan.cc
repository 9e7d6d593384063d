#include "train/plan.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

namespace yanxing::train {
namespace {

// Fisher and Yates' shuffle, written out: std::shuffle may differ from one standard library to another.
std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(seed);
  for (std::size_t i = count; i > 1; --i) {
    std::swap(order[i - 1], order[random() % i]);
  }
  return order;
}

} // namespace

std::vector<PlannedStep> plan_steps(const std::vector<pack::PackedRow> &rows, double epochs, std::int64_t batch,
                                    std::int64_t max_steps, std::uint64_t seed,
                                    const std::function<std::int64_t(const pack::PackedRow &)> &samples_of) {
  std::vector<PlannedStep> steps;
  const auto full = [&] { return max_steps > 0 && static_cast<std::int64_t>(steps.size()) >= max_steps; };
  const auto count = static_cast<double>(rows.size());
  for (std::uint64_t epoch = 0; static_cast<double>(epoch) < epochs && !rows.empty() && !full(); ++epoch) {
    const double part = std::min(1.0, epochs - static_cast<double>(epoch));
    auto order = shuffled(rows.size(), seed + epoch);
    order.resize(static_cast<std::size_t>(std::ceil(part * count)));
    PlannedStep step;
    std::int64_t samples = 0;
    for (std::size_t i = 0; i < order.size() && !full(); ++i) {
      step.rows.push_back(order[i]);
      samples += samples_of ? samples_of(rows[order[i]]) : static_cast<std::int64_t>(rows[order[i]].samples.size());
      if (samples >= batch || i + 1 == order.size()) {
        step.epoch = static_cast<double>(epoch) + static_cast<double>(i + 1) / count;
        steps.push_back(std::exchange(step, {}));
        samples = 0;
      }
    }
  }
  return steps;
}

} // namespace yanxing::train
