#include "train/event_file.h"

#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <unistd.h>

namespace yanxing::train {
namespace {

static_assert(std::endian::native == std::endian::little, "the fields below are written as they lie in memory");

template <class T> void append(std::string &bytes, T value) {
  std::array<char, sizeof(T)> raw{};
  std::memcpy(raw.data(), &value, sizeof(T));
  bytes.append(raw.data(), raw.size());
}

void append_varint(std::string &bytes, std::uint64_t value) {
  constexpr unsigned kBits = 7;
  while (value >= 1U << kBits) {
    bytes += static_cast<char>((value & 0x7FU) | 0x80U);
    value >>= kBits;
  }
  bytes += static_cast<char>(value);
}

// Protobuf's wire types.
enum class Wire : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void append_tag(std::string &bytes, unsigned field, Wire wire) {
  append_varint(bytes, (field << 3U) | static_cast<unsigned>(wire));
}

void append_bytes(std::string &bytes, unsigned field, const std::string &value) {
  append_tag(bytes, field, Wire::kBytes);
  append_varint(bytes, value.size());
  bytes += value;
}

// Event.wall_time
std::string event_now() {
  std::string event;
  append_tag(event, 1, Wire::kFixed64);
  append(event, std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count());
  return event;
}

std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15U) | (crc << 17U)) + 0xA282EAD8U; }

} // namespace

std::uint32_t crc32c(std::string_view bytes) {
  constexpr std::uint32_t kPolynomial = 0x82F63B78;
  std::uint32_t crc = ~0U;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kPolynomial : 0U);
    }
  }
  return ~crc;
}

Result<EventFile> EventFile::open(const std::filesystem::path &folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  // In nanoseconds, so that no second file of a run takes the first one's name.
  const auto name = "events.out.tfevents." +
                    std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count()) + "." + host.data() +
                    "." + std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  std::ofstream stream(folder / name, std::ios::binary | std::ios::trunc);
  if (!stream) {
    return Error{"cannot write to " + folder.string(), "Choose another --logging_dir"};
  }
  EventFile file(std::move(stream));
  auto first = event_now();
  append_bytes(first, 3, "brain.Event:2"); // Event.file_version
  file.write_record(first);
  return file;
}

void EventFile::write(std::int64_t step, const std::vector<std::pair<std::string, double>> &scalars) {
  std::string summary;
  for (const auto &[tag, number] : scalars) {
    std::string value;
    append_bytes(value, 1, tag); // Summary.Value.tag
    append_tag(value, 2, Wire::kFixed32);
    append(value, static_cast<float>(number)); // Summary.Value.simple_value
    append_bytes(summary, 1, value);           // Summary.value
  }
  auto event = event_now();
  append_tag(event, 2, Wire::kVarint); // Event.step
  append_varint(event, static_cast<std::uint64_t>(step));
  append_bytes(event, 5, summary); // Event.summary
  write_record(event);
}

void EventFile::write_record(const std::string &payload) {
  std::string record;
  append(record, static_cast<std::uint64_t>(payload.size()));
  append(record, masked(crc32c(record)));
  record += payload;
  append(record, masked(crc32c(payload)));
  stream_.write(record.data(), static_cast<std::streamsize>(record.size()));
  stream_.flush();
}

} // namespace yanxing::train
