// TensorBoard's event files: scalars by step, in TFRecord frames (length, masked CRC-32C of it, payload, masked CRC-32C
// of that; tensorflow/core/lib/io/record_writer.h) around Event protobuf messages (tensorflow/core/util/event.proto).
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace yanxing::train {

class EventFile {
public:
  // Makes folder/events.out.tfevents.TIME.HOST; a resumed run adds another file, as TensorBoard expects.
  static Result<EventFile> open(const std::filesystem::path &folder);
  // What was written can be read at once; a full disk shows only in the file.
  void write(std::int64_t step, const std::vector<std::pair<std::string, double>> &scalars);

private:
  explicit EventFile(std::ofstream stream) : stream_(std::move(stream)) {}
  void write_record(const std::string &payload);

  std::ofstream stream_;
};

// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78).
std::uint32_t crc32c(std::string_view bytes);

} // namespace yanxing::train
