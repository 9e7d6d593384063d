#include "convert/unfinished.h"

#include <cstdint>
#include <cstdio>
#include <string>
#include <unistd.h>

namespace yanxing::convert {
namespace fs = std::filesystem;
namespace {

Error unwritable(const fs::path &place, const std::error_code &code) {
  return {"cannot write " + place.string() + ": " + code.message(), "Free some disk space or choose another place"};
}

std::string in_gigabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f GB", static_cast<double>(bytes) / 1e9);
  return text;
}

bool holds_something(const fs::path &place) {
  std::error_code code;
  return fs::is_directory(place, code) ? !fs::is_empty(place, code) : fs::exists(place, code);
}

} // namespace

Result<Unfinished> Unfinished::begin(const fs::path &place, bool replace) {
  auto whole = place.lexically_normal();
  if (!whole.has_filename()) { // "folder/"
    whole = whole.parent_path();
  }
  if (!replace && holds_something(whole)) {
    return Error{whole.string() + " is there already", "Give another --output_dir, or --exist_ok true to replace it"};
  }
  std::error_code code;
  const auto parent = whole.has_parent_path() ? whole.parent_path() : fs::path(".");
  fs::create_directories(parent, code);
  auto work = parent / ("." + whole.filename().string() + ".unfinished-" + std::to_string(::getpid()));
  fs::remove_all(work, code);
  if (!fs::create_directory(work, code)) {
    return unwritable(whole, code);
  }
  return Unfinished(std::move(whole), std::move(work));
}

Unfinished::~Unfinished() {
  if (!work_.empty()) {
    std::error_code ignored;
    fs::remove_all(work_, ignored);
  }
}

Status Unfinished::keep() {
  std::error_code code;
  fs::remove_all(place_, code);
  fs::rename(work_, place_, code);
  if (code) {
    return unwritable(place_, code);
  }
  work_.clear();
  return {};
}

Status Unfinished::keep_file(const fs::path &file) {
  std::error_code code;
  fs::rename(file, place_, code);
  return code ? Status(unwritable(place_, code)) : Status();
}

Status check_space(const fs::path &folder, std::uint64_t bytes) {
  std::error_code code;
  const auto space = fs::space(folder, code);
  if (!code && space.available < bytes) {
    return Error{"the export needs " + in_gigabytes(bytes) + " but only " + in_gigabytes(space.available) +
                     " are free where " + folder.parent_path().string() + " lies",
                 "Free some disk space or choose another --output_dir"};
  }
  return {};
}

} // namespace yanxing::convert
