#include "text/calibration.h"

#include <algorithm>
#include <cmath>

namespace yanxing::text {
namespace {

double logit(double probability) {
  constexpr double kNearest = 1e-6;
  const double p = std::clamp(probability, kNearest, 1 - kNearest);
  return std::log(p / (1 - p));
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

// −Σ t·log p + (1−t)·log(1−p) for p = logistic(z), without overflow.
double cross_entropy(double z, double target) {
  return std::log1p(std::exp(-std::abs(z))) + std::max(z, 0.0) - target * z;
}

} // namespace

double Calibration::operator()(double probability) const { return logistic(slope * logit(probability) + offset); }

Calibration Calibration::after(const Calibration &first) const {
  return {slope * first.slope, slope * first.offset + offset};
}

Calibration fit_calibration(const std::vector<JudgedDecision> &decisions) {
  constexpr double kLeastSlope = 0.01;
  constexpr int kMostSteps = 100;
  constexpr double kRidge = 1e-10;
  const auto right = static_cast<double>(
      std::count_if(decisions.begin(), decisions.end(), [](const auto &decision) { return decision.right; }));
  const auto wrong = static_cast<double>(decisions.size()) - right;
  if (decisions.empty()) {
    return {};
  }
  const double high = (right + 1) / (right + 2);
  const double low = 1 / (wrong + 2);
  const auto target = [&](const JudgedDecision &decision) { return decision.right ? high : low; };
  const auto loss = [&](const Calibration &line) {
    double sum = 0;
    for (const auto &decision : decisions) {
      sum += cross_entropy(line.slope * logit(decision.probability) + line.offset, target(decision));
    }
    return sum;
  };
  Calibration line;
  double now = loss(line);
  for (int step = 0; step < kMostSteps; ++step) {
    double gradient_slope = 0;
    double gradient_offset = 0;
    double ss = kRidge;
    double so = 0;
    double oo = kRidge;
    for (const auto &decision : decisions) {
      const double x = logit(decision.probability);
      const double p = logistic(line.slope * x + line.offset);
      gradient_slope += (p - target(decision)) * x;
      gradient_offset += p - target(decision);
      ss += p * (1 - p) * x * x;
      so += p * (1 - p) * x;
      oo += p * (1 - p);
    }
    const double determinant = ss * oo - so * so;
    if (determinant <= 0 || std::abs(gradient_slope) + std::abs(gradient_offset) < 1e-8) {
      break;
    }
    const double by_slope = -(oo * gradient_slope - so * gradient_offset) / determinant;
    const double by_offset = -(ss * gradient_offset - so * gradient_slope) / determinant;
    double size = 1;
    Calibration next;
    double then = now;
    do { // as far as it helps
      next = {line.slope + size * by_slope, line.offset + size * by_offset};
      then = loss(next);
      size /= 2;
    } while (then > now && size > 1e-10);
    if (then >= now) {
      break;
    }
    line = next;
    now = then;
  }
  line.slope = std::max(line.slope, kLeastSlope);
  return line;
}

Reliability reliability(const std::vector<JudgedDecision> &decisions) {
  Reliability bins{};
  for (const auto &[probability, right] : decisions) {
    const auto place = std::clamp(probability, 0.0, 1.0) * static_cast<double>(kReliabilityBins);
    auto &bin = bins.at(std::min(static_cast<std::size_t>(place), kReliabilityBins - 1));
    ++bin.count;
    bin.mean_probability += probability;
    bin.rate_right += right ? 1 : 0;
  }
  for (auto &bin : bins) {
    const auto count = static_cast<double>(std::max<std::size_t>(bin.count, 1));
    bin.mean_probability /= count;
    bin.rate_right /= count;
  }
  return bins;
}

double calibration_error(const Reliability &bins) {
  double sum = 0;
  double all = 0;
  for (const auto &bin : bins) {
    sum += static_cast<double>(bin.count) * std::abs(bin.mean_probability - bin.rate_right);
    all += static_cast<double>(bin.count);
  }
  return all > 0 ? sum / all : 0;
}

} // namespace yanxing::text
