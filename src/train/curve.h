// A run's loss as a picture (SVG), made from its logging.jsonl, so that a resumed run is drawn whole.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::train {

struct CurvePoint {
  std::int64_t step = 0;
  double loss = 0;
  std::optional<double> validation_loss;
};

// Of logging.jsonl's lines; a step that was done twice (after a resume) counts as it was done last, lines that are no
// JSON (the last one of a killed run) are left out. Ascending by step.
std::vector<CurvePoint> points_of_log(const std::filesystem::path &log);

// The loss of each step (pale), its running mean (strong), the validation's (dots), over the steps. Empty text for no
// points.
std::string draw_curve(const std::vector<CurvePoint> &points, const std::string &title);

} // namespace yanxing::train
