#include "action/picture_file.h"

#include <algorithm>
#include <array>
#include <zlib.h>

namespace yanxing::action {
namespace {

void put32(std::string &out, std::uint32_t value) {
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    out += static_cast<char>((value >> shift) & 0xFFU);
  }
}

// PNG specification, section 5.3: length, type, data, CRC of type and data.
void put_chunk(std::string &out, const std::string &type, const std::string &data) {
  put32(out, static_cast<std::uint32_t>(data.size()));
  const auto body = type + data;
  out += body;
  put32(out, static_cast<std::uint32_t>(
                 crc32(0, reinterpret_cast<const Bytef *>(body.data()), static_cast<uInt>(body.size()))));
}

} // namespace

Picture cropped(const Picture &picture, const Box &box) {
  const int left = std::clamp(box.x, 0, picture.width);
  const int top = std::clamp(box.y, 0, picture.height);
  Picture out;
  out.width = std::clamp(box.x + box.width, left, picture.width) - left;
  out.height = std::clamp(box.y + box.height, top, picture.height) - top;
  for (int y = 0; y < out.height; ++y) {
    const auto *row = picture.pixel(left, top + y);
    out.rgb.insert(out.rgb.end(), row, row + static_cast<std::size_t>(out.width) * 3);
  }
  return out;
}

std::string png_bytes(const Picture &picture) {
  std::string rows;
  const auto stride = static_cast<std::size_t>(picture.width) * 3;
  for (int y = 0; y < picture.height; ++y) {
    rows += '\0'; // filter: none
    rows.append(reinterpret_cast<const char *>(picture.pixel(0, y)), stride);
  }
  auto size = compressBound(rows.size());
  std::string packed(size, '\0');
  compress2(reinterpret_cast<Bytef *>(packed.data()), &size, reinterpret_cast<const Bytef *>(rows.data()), rows.size(),
            6);
  packed.resize(size);
  std::string out = "\x89PNG\r\n\x1a\n";
  std::string header;
  put32(header, static_cast<std::uint32_t>(picture.width));
  put32(header, static_cast<std::uint32_t>(picture.height));
  header += std::string("\x08\x02\x00\x00\x00", 5); // 8 bits, RGB, deflate, adaptive filters, no interlace
  put_chunk(out, "IHDR", header);
  put_chunk(out, "IDAT", packed);
  put_chunk(out, "IEND", "");
  return out;
}

} // namespace yanxing::action
