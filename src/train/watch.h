// Watching a run: a progress line for people, one JSON line a step for programs (output/logging.jsonl).
#pragma once

#include "train/sft.h"

#include <chrono>
#include <filesystem>
#include <fstream>

namespace yanxing::train {

class Watch {
public:
  // Appends where a run is resumed. `every`: steps between lines.
  static Result<Watch> open(const std::filesystem::path &output, std::int64_t every);
  void tell(const StepReport &report);
  void finish(); // ends the progress line

private:
  Watch(std::ofstream log, std::int64_t every);

  std::ofstream log_;
  std::int64_t every_;
  bool terminal_ = false;
  double smooth_loss_ = 0;
  std::int64_t first_step_ = 0;
  std::int64_t tokens_ = 0;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

// The most memory that this process has had, in GiB.
double peak_memory_gib();

} // namespace yanxing::train
