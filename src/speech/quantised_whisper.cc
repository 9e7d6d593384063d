#include "speech/quantised_whisper.h"

#include "base/files.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <ggml.h>
#include <string_view>
#include <thread>
#include <vector>

namespace yanxing::speech {
namespace {

// The file's bytes, taken one piece after the other; its lengths have been checked.
class Reader {
public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  std::string_view take(std::size_t bytes) {
    const auto piece = left_.substr(0, bytes);
    left_.remove_prefix(piece.size());
    return piece;
  }
  std::int32_t number() {
    std::int32_t value = 0;
    const auto bytes = take(sizeof value);
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }
  [[nodiscard]] bool empty() const { return left_.empty(); }
  [[nodiscard]] std::size_t left() const { return left_.size(); }

private:
  std::string_view left_;
};

void append(std::string &out, std::int32_t value) { out.append(reinterpret_cast<const char *>(&value), sizeof value); }

void append_quantised(std::string &out, std::string_view halves, std::int64_t columns, std::int64_t rows) {
  const std::size_t row_bytes = ggml_row_size(GGML_TYPE_Q8_0, columns);
  const std::size_t begin = out.size();
  out.resize(begin + row_bytes * static_cast<std::size_t>(rows));
  const auto quantise = [&](std::int64_t first, std::int64_t last) {
    const auto count = static_cast<std::size_t>(columns);
    std::vector<ggml_fp16_t> half(count);
    std::vector<float> full(count);
    for (std::int64_t row = first; row < last; ++row) {
      std::memcpy(half.data(), halves.data() + static_cast<std::size_t>(row) * count * sizeof(ggml_fp16_t),
                  count * sizeof(ggml_fp16_t));
      ggml_fp16_to_fp32_row(half.data(), full.data(), columns);
      ggml_quantize_chunk(GGML_TYPE_Q8_0, full.data(), out.data() + begin + static_cast<std::size_t>(row) * row_bytes,
                          0, 1, columns, nullptr);
    }
  };
  std::jthread other([&] { quantise(0, rows / 2); });
  quantise(rows / 2, rows);
}

// False where the file ends within it.
bool copy_tensor(Reader &in, std::string &out) {
  const auto dimensions = in.number();
  const auto name_length = in.number();
  const auto type = static_cast<ggml_type>(in.number());
  std::array<std::int32_t, 4> extents{1, 1, 1, 1};
  std::int64_t elements = 1;
  for (std::size_t i = 0; i < static_cast<std::size_t>(dimensions); ++i) {
    extents[i] = in.number();
    elements *= extents[i];
  }
  const auto name = in.take(static_cast<std::size_t>(name_length));
  const std::size_t bytes = static_cast<std::size_t>(elements / ggml_blck_size(type)) * ggml_type_size(type);
  const auto data = in.take(bytes);
  if (data.size() != bytes) {
    return false;
  }
  const bool is_matrix = dimensions == 2 && type == GGML_TYPE_F16;
  append(out, dimensions);
  append(out, name_length);
  append(out, is_matrix ? GGML_TYPE_Q8_0 : type);
  for (std::size_t i = 0; i < static_cast<std::size_t>(dimensions); ++i) {
    append(out, extents[i]);
  }
  out += name;
  if (is_matrix) {
    append_quantised(out, data, extents[0], extents[1]);
  } else {
    out += data;
  }
  return true;
}

} // namespace

Result<std::string> quantised_whisper(const std::filesystem::path &file) {
  auto bytes = read_file(file);
  if (!bytes) {
    return bytes.error();
  }
  constexpr std::size_t kTypePlace = 11 * sizeof(std::int32_t); // the last of the header's twelve numbers
  constexpr std::size_t kStatePlace = 3 * sizeof(std::int32_t); // columns of every matrix are this or four times this
  if (bytes->size() <= kTypePlace + sizeof(std::int32_t)) {
    return bytes;
  }
  std::int32_t type = 0;
  std::int32_t state = 0;
  std::memcpy(&type, bytes->data() + kTypePlace, sizeof type);
  std::memcpy(&state, bytes->data() + kStatePlace, sizeof state);
  if (type != GGML_FTYPE_MOSTLY_F16 || state % ggml_blck_size(GGML_TYPE_Q8_0) != 0) {
    return bytes;
  }
  Reader in(*bytes);
  std::string out;
  out.reserve(bytes->size() * 5 / 8);
  out += in.take(kTypePlace);
  (void)in.number();
  append(out, GGML_FTYPE_MOSTLY_Q8_0 + GGML_QNT_VERSION * GGML_QNT_VERSION_FACTOR);
  const auto mels = in.number();
  const auto bins = in.number();
  append(out, mels);
  append(out, bins);
  out += in.take(static_cast<std::size_t>(mels) * static_cast<std::size_t>(bins) * sizeof(float));
  const auto words = in.number();
  append(out, words);
  for (std::int32_t i = 0; i < words; ++i) {
    const auto length = in.number();
    append(out, length);
    out += in.take(static_cast<std::size_t>(length));
  }
  while (!in.empty()) {
    if (!copy_tensor(in, out)) {
      return Error{file.string() + " changed while it was read", "Try again"};
    }
  }
  return out;
}

} // namespace yanxing::speech
