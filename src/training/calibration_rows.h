// What a quantizer lets the model read: samples as training encodes them.
#pragma once

#include "base/result.h"
#include "nn/checkpoint.h"
#include "nn/packed_row.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace yanxing::training {

struct CalibrationOptions {
  std::vector<std::string> datasets;
  std::int64_t samples = 256;
  std::int64_t max_length = 2048;
  std::string actions;
};

// `scratch`: a file that may be made and is removed again. Errors: no sample fits, no tokenizer.
Result<std::vector<nn::PackedRow>> calibration_rows(const CalibrationOptions &options, const nn::Checkpoint &base,
                                                    const std::filesystem::path &scratch);

} // namespace yanxing::training
