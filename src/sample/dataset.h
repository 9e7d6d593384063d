// Data sets as training names them: "file.jsonl", "file.json" (a list), "file.jsonl#500" (the first 500 rows).
#pragma once

#include "sample/sample.h"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::sample {

class SampleReader {
public:
  static Result<SampleReader> open(const std::string &name);
  // The next sample; an Error names file, line and what was expected, and reading can go on; nothing at the end.
  // JSON lines are read one by one, so that a set may be of any size.
  std::optional<Result<Sample>> next();

private:
  std::filesystem::path file_;
  std::ifstream lines_;
  Json list_;          // of a .json file
  std::size_t at_ = 0; // line or index, from 1
  std::size_t taken_ = 0;
  std::size_t most_ = 0; // 0: all
};

} // namespace yanxing::sample
