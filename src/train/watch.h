// Watching a run: a progress line for people, one JSON line a step for programs (output/logging.jsonl), TensorBoard's
// scalars (output/runs), and the loss as a picture at the end (output/loss.svg).
#pragma once

#include "train/event_file.h"
#include "train/run.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>

namespace yanxing::train {

class Watch {
public:
  // Appends where a run is resumed. `every`: steps between lines; `events`: for TensorBoard too.
  static Result<Watch> open(const std::filesystem::path &output, std::int64_t every, bool events);
  void tell(const StepReport &report);
  // Ends the progress line and draws the picture.
  Status finish();

private:
  Watch(std::filesystem::path output, std::ofstream log, std::int64_t every);
  void write_scalars(const StepReport &report);

  std::filesystem::path output_;
  std::ofstream log_;
  std::optional<EventFile> events_;
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
