// Which rows each step of a run takes: a fresh order every epoch, the same for the same seed.
#pragma once

#include "pack/packed_row.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace yanxing::train {

struct PlannedStep {
  double epoch = 0;              // after the step
  std::vector<std::size_t> rows; // indices
};

// Steps over `epochs` passes; each takes rows until it has `batch` samples. At most `max_steps` (0: no limit). The last
// step of an epoch takes what is left; a part of an epoch ends after that part of its rows. `samples` counts a row's;
// empty: all that stand in it.
std::vector<PlannedStep> plan_steps(const std::vector<pack::PackedRow> &rows, double epochs, std::int64_t batch,
                                    std::int64_t max_steps, std::uint64_t seed,
                                    const std::function<std::int64_t(const pack::PackedRow &)> &samples = {});

} // namespace yanxing::train
