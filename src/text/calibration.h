// What a decision's probability is worth. A decision is the product of many branches' probabilities; how that relates
// to being right is measured on rows whose answer is known and put right by one line on the logit.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace yanxing::text {

// logit(p) → slope · logit(p) + offset (Platt 1999).
struct Calibration {
  double slope = 1;
  double offset = 0;
  [[nodiscard]] double operator()(double probability) const;
  // The one that is `first` and then this.
  [[nodiscard]] Calibration after(const Calibration &first) const;
};

// A decision whose answer is known.
struct JudgedDecision {
  double probability = 0; // 0..1, as it was told
  bool right = false;
};

// Maximum likelihood by Newton's method, with Platt's targets that keep it finite where all are right or all are wrong
// (Lin, Lin, Weng 2007, algorithm 1). The slope is at least a hundredth: a higher probability never counts for less.
// Without decisions nothing is changed.
Calibration fit_calibration(const std::vector<JudgedDecision> &decisions);

struct ReliabilityBin {
  std::size_t count = 0;
  double mean_probability = 0; // 0 where the bin is empty
  double rate_right = 0;
};
constexpr std::size_t kReliabilityBins = 10; // of equal width over 0..1
using Reliability = std::array<ReliabilityBin, kReliabilityBins>;

Reliability reliability(const std::vector<JudgedDecision> &decisions);
// Expected calibration error: Σ count/n · |mean probability − rate right| (Guo et al. 2017, eq. 3). 0 for none.
double calibration_error(const Reliability &bins);

} // namespace yanxing::text
