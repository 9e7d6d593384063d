#include "nn/safetensors.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>

namespace yanxing::nn {
namespace {

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000; // as the reference implementation

// Bytes of a number, 0 for an unknown dtype.
std::size_t number_bytes(const std::string &dtype) {
  static constexpr std::pair<std::string_view, std::size_t> kSizes[] = {
      {"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"I64", 8}, {"U64", 8},
      {"I32", 4}, {"U32", 4}, {"I16", 2}, {"U16", 2},  {"I8", 1},      {"U8", 1},      {"BOOL", 1}};
  for (const auto &[name, size] : kSizes) {
    if (name == dtype) {
      return size;
    }
  }
  return 0;
}

// False where `value` is no whole number from 0 to 2^53.
bool read_size(const Json &value, std::uint64_t &out) {
  if (!value.is_number_unsigned()) {
    return false;
  }
  out = value.get<std::uint64_t>();
  return out <= (1ULL << 53);
}

// The problem with the entry, or empty; `tensor` is filled where it holds floats.
std::string read_entry(const Json &entry, std::span<const std::byte> data, StoredTensor &tensor) {
  if (!entry.is_object() || !entry.contains("shape") || !entry["shape"].is_array() || !entry.contains("data_offsets") ||
      !entry["data_offsets"].is_array() || entry["data_offsets"].size() != 2) {
    return "its entry lacks dtype, shape or data_offsets";
  }
  const auto dtype = string_or_empty(entry, "dtype");
  std::uint64_t count = 1;
  for (const auto &value : entry["shape"]) {
    std::uint64_t size = 0;
    if (!read_size(value, size) || (size != 0 && count > (1ULL << 53) / size)) {
      return "its shape is no list of sizes";
    }
    count *= size;
    tensor.shape.push_back(static_cast<std::int64_t>(size));
  }
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  if (!read_size(entry["data_offsets"][0], begin) || !read_size(entry["data_offsets"][1], end) || begin > end ||
      end > data.size()) {
    return "its data lies outside the file, which may be cut off";
  }
  const auto size = number_bytes(dtype);
  if (size != 0 && end - begin != count * size) {
    return "its " + std::to_string(end - begin) + " bytes do not fit its shape";
  }
  tensor.format = size == 0 ? Format{} : Format::of_safetensors(dtype);
  tensor.bytes = data.subspan(begin, end - begin);
  return {};
}

} // namespace

Result<SafetensorsFile> open_safetensors(const std::filesystem::path &path) {
  auto mapped = MappedFile::open(path);
  if (!mapped) {
    return mapped.error();
  }
  const auto bad = [&path](const std::string &why) {
    return Error{path.string() + " is no whole safetensors file: " + why, "Fetch or export it again"};
  };
  const auto bytes = (*mapped)->bytes();
  std::uint64_t header_bytes = 0;
  if (bytes.size() < 8) {
    return bad("it is shorter than 8 bytes");
  }
  std::memcpy(&header_bytes, bytes.data(), 8);
  if (header_bytes > kMaxHeaderBytes || header_bytes > bytes.size() - 8) {
    return bad("its header is longer than the file");
  }
  const std::string_view text(reinterpret_cast<const char *>(bytes.data()) + 8, header_bytes);
  auto header = parse_json(text, path.string());
  if (!header || !header->is_object()) {
    return bad("its header is no JSON object");
  }
  SafetensorsFile result{*mapped, {}, {}, {}};
  const auto data = bytes.subspan(8 + header_bytes);
  for (const auto &[name, entry] : header->items()) {
    if (name == "__metadata__") {
      for (const auto &[key, value] : entry.items()) {
        if (value.is_string()) {
          result.metadata[key] = value.get<std::string>();
        }
      }
      continue;
    }
    StoredTensor tensor;
    tensor.name = name;
    if (const auto why = read_entry(entry, data, tensor); !why.empty()) {
      return bad("tensor " + name + ": " + why);
    }
    if (tensor.format.readable()) {
      result.tensors.push_back(std::move(tensor));
    } else if (string_or_empty(entry, "dtype") == "U8") {
      result.bytes.push_back(std::move(tensor));
    }
  }
  return result;
}

Status write_safetensors(const std::filesystem::path &path, const std::vector<TensorToWrite> &tensors,
                         const std::map<std::string, std::string> &metadata) {
  Json header = Json::object();
  if (!metadata.empty()) {
    header["__metadata__"] = metadata;
  }
  std::uint64_t offset = 0;
  for (const auto &tensor : tensors) {
    header[tensor.name] = {
        {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + tensor.byte_count}}};
    offset += tensor.byte_count;
  }
  auto text = dump(header);
  text.append((8 - text.size() % 8) % 8, ' '); // so that the numbers are aligned
  const std::uint64_t length = text.size();

  std::error_code ignored;
  if (path.has_parent_path()) {
    std::filesystem::create_directories(path.parent_path(), ignored);
  }
  auto part = path;
  part += ".part";
  const auto failed = [&part, &path] {
    const int code = errno;
    std::error_code none;
    std::filesystem::remove(part, none);
    return Error{"cannot write " + path.string() + ": " + std::strerror(code),
                 code == ENOSPC ? "Free some disk space and try again" : ""};
  };
  errno = 0;
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char *>(&length), 8);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  for (const auto &tensor : tensors) {
    const auto bytes = tensor.bytes();
    out.write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!out || bytes.size() != tensor.byte_count) {
      return failed();
    }
  }
  out.close();
  if (!out) {
    return failed();
  }
  std::filesystem::rename(part, path, ignored);
  return ignored ? Status(failed()) : Status();
}

} // namespace yanxing::nn
