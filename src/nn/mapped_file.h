// A file's bytes in memory, read by the system when they are touched and shared with every process that maps it.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace yanxing::nn {

class MappedFile {
public:
  static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path &path);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  // Valid as long as this object. The file must not be shortened meanwhile.
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

  // Says that bytes have been used up: their memory is free again until they are touched once more.
  void forget() const;

private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

} // namespace yanxing::nn
