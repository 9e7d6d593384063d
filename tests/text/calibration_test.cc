#include "text/calibration.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace yanxing::text {
namespace {

// Decisions whose told probability p is right with logistic(slope · logit(p) + offset).
std::vector<JudgedDecision> told_wrongly(const Calibration &truth, std::size_t count) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> uniform(0.02, 0.98);
  std::vector<JudgedDecision> decisions;
  for (std::size_t i = 0; i < count; ++i) {
    const double told = uniform(random);
    decisions.push_back({told, std::uniform_real_distribution<double>(0, 1)(random) < truth(told)});
  }
  return decisions;
}

TEST(Calibration, FindsTheLineThatMadeTheOutcomes) {
  const Calibration truth{0.5, -0.7};
  const auto decisions = told_wrongly(truth, 20000);
  const auto found = fit_calibration(decisions);
  EXPECT_NEAR(found.slope, truth.slope, 0.05);
  EXPECT_NEAR(found.offset, truth.offset, 0.05);
  auto corrected = decisions;
  for (auto &decision : corrected) {
    decision.probability = found(decision.probability);
  }
  EXPECT_GT(calibration_error(reliability(decisions)), 0.1);
  EXPECT_LT(calibration_error(reliability(corrected)), 0.02);
}

// The gradient of the likelihood with Platt's targets is zero at the result: an independent check of the optimum.
TEST(Calibration, IsTheMostLikely) {
  const std::vector<JudgedDecision> decisions{{0.9, true}, {0.8, false}, {0.99, true}, {0.6, false}, {0.95, true}};
  const auto found = fit_calibration(decisions);
  double slope = 0;
  double offset = 0;
  for (const auto &[probability, right] : decisions) {
    const double target = right ? 4.0 / 5.0 : 1.0 / 4.0;
    const double error = found(probability) - target;
    slope += error * std::log(probability / (1 - probability));
    offset += error;
  }
  EXPECT_NEAR(slope, 0, 1e-6);
  EXPECT_NEAR(offset, 0, 1e-6);
}

TEST(Calibration, StaysFiniteAndRising) {
  EXPECT_EQ(fit_calibration({}).slope, 1);
  const auto all_right = fit_calibration({{0.9, true}, {0.8, true}, {1.0, true}, {0.0, true}});
  EXPECT_TRUE(std::isfinite(all_right.slope) && std::isfinite(all_right.offset));
  EXPECT_GT(all_right(0.9), 0.5);
  const auto upside_down = fit_calibration({{0.9, false}, {0.1, true}, {0.95, false}, {0.05, true}});
  EXPECT_GT(upside_down(0.9), upside_down(0.1));
}

TEST(Calibration, OneAfterTheOther) {
  const Calibration first{2, 0.5};
  const Calibration second{0.25, -1};
  EXPECT_NEAR(second.after(first)(0.3), second(first(0.3)), 1e-12);
}

TEST(Reliability, CountsByTenths) {
  const auto bins = reliability({{0.0, false}, {0.05, false}, {0.55, true}, {1.0, true}, {0.95, false}});
  EXPECT_EQ(bins[0].count, 2U);
  EXPECT_EQ(bins[5].count, 1U);
  EXPECT_EQ(bins[9].count, 2U);
  EXPECT_DOUBLE_EQ(bins[9].rate_right, 0.5);
  EXPECT_NEAR(calibration_error(bins), (2 * 0.025 + 0.45 + 2 * (0.975 - 0.5)) / 5, 1e-12);
  EXPECT_EQ(calibration_error(reliability({})), 0);
}

} // namespace
} // namespace yanxing::text
