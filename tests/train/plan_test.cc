#include "train/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace yanxing::train {
namespace {

std::vector<pack::PackedRow> rows_of(std::initializer_list<std::size_t> samples) {
  std::vector<pack::PackedRow> rows;
  for (const auto count : samples) {
    rows.emplace_back();
    rows.back().samples.resize(count);
  }
  return rows;
}

TEST(Plan, EveryRowOnceAnEpoch) {
  const auto rows = rows_of({4, 9, 1, 7, 3, 16});
  const auto steps = plan_steps(rows, 2, 8, 0, 1);
  std::multiset<std::size_t> seen;
  for (const auto &step : steps) {
    std::size_t samples = 0;
    for (const auto row : step.rows) {
      seen.insert(row);
      samples += rows[row].samples.size();
    }
    const bool ends_epoch = step.epoch == 1.0 || step.epoch == 2.0;
    EXPECT_TRUE(samples >= 8 || ends_epoch);
  }
  for (std::size_t row = 0; row < rows.size(); ++row) {
    EXPECT_EQ(seen.count(row), 2U);
  }
  EXPECT_DOUBLE_EQ(steps.back().epoch, 2.0);
}

TEST(Plan, TheSeedMakesTheOrder) {
  const auto rows = rows_of({1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  const auto order = [&](std::uint64_t seed) {
    std::vector<std::size_t> all;
    for (const auto &step : plan_steps(rows, 1, 1, 0, seed)) {
      all.insert(all.end(), step.rows.begin(), step.rows.end());
    }
    return all;
  };
  EXPECT_EQ(order(7), order(7));
  EXPECT_NE(order(7), order(8));
}

TEST(Plan, PartsOfEpochsAndLimits) {
  const auto rows = rows_of({1, 1, 1, 1});
  EXPECT_EQ(plan_steps(rows, 0.5, 1, 0, 1).size(), 2U);
  EXPECT_EQ(plan_steps(rows, 3, 1, 5, 1).size(), 5U);
  EXPECT_TRUE(plan_steps({}, 3, 1, 0, 1).empty());
}

} // namespace
} // namespace yanxing::train
