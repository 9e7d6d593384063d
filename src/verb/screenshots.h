// Pictures of simulated screens beside a data set, so that a model that sees can learn from made-up rows.
#pragma once

#include "base/json.h"
#include "base/result.h"

#include <cstddef>
#include <filesystem>
#include <string>

namespace yanxing::verb {

class Screenshots {
public:
  // Pictures go to the folder "NAME_screens" beside NAME.jsonl.
  static Result<Screenshots> beside(const std::filesystem::path &jsonl);

  // The row (one line of JSON) with "screenshot" naming the picture of its "screen", each of whose elements is drawn in
  // its very box; as it is where it has no screen. Rows that follow each other share the picture of the same screen.
  Result<std::string> add_to(const std::string &row);
  [[nodiscard]] std::size_t drawn() const { return drawn_; }

private:
  explicit Screenshots(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::filesystem::path folder_;
  Json last_screen_;
  std::string last_name_;
  std::size_t drawn_ = 0;
};

} // namespace yanxing::verb
