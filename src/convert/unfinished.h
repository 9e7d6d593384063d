// What is exported appears whole or not at all: it is made beside its place under another name and renamed at the end.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>

namespace yanxing::convert {

// A folder, or one file of it. Whatever was not kept is removed.
class Unfinished {
public:
  // `place`: where the folder or file will be. Errors: it is there and holds something while
  // `replace` is false; the disk cannot be written.
  static Result<Unfinished> begin(const std::filesystem::path &place, bool replace);
  ~Unfinished();
  Unfinished(Unfinished &&other) noexcept : place_(std::move(other.place_)), work_(std::move(other.work_)) {
    other.work_.clear();
  }
  Unfinished &operator=(Unfinished &&) = delete;
  Unfinished(const Unfinished &) = delete;
  Unfinished &operator=(const Unfinished &) = delete;

  // An empty folder to write into.
  [[nodiscard]] const std::filesystem::path &folder() const { return work_; }
  // The folder takes its place; what was there before is gone.
  Status keep();
  // The same for one file of the folder: only it takes the place.
  Status keep_file(const std::filesystem::path &file);

private:
  Unfinished(std::filesystem::path place, std::filesystem::path work)
      : place_(std::move(place)), work_(std::move(work)) {}

  std::filesystem::path place_;
  std::filesystem::path work_;
};

// An error where fewer than `bytes` are free on the disk of `folder`.
Status check_space(const std::filesystem::path &folder, std::uint64_t bytes);

} // namespace yanxing::convert
