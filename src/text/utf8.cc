#include "text/utf8.h"

namespace yanxing::text {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool is_scalar(char32_t c, int length) {
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  return c >= kLeast[length] && c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
}

} // namespace

std::u32string to_code_points(std::string_view utf8) {
  std::u32string out;
  out.reserve(utf8.size());
  for (std::size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    const int length = lead < 0x80                   ? 1
                       : lead >= 0xC2 && lead < 0xE0 ? 2
                       : lead >= 0xE0 && lead < 0xF0 ? 3
                       : lead >= 0xF0 && lead < 0xF5 ? 4
                                                     : 0;
    if (length == 1) {
      out += static_cast<char32_t>(lead);
      ++i;
      continue;
    }
    char32_t c = length == 0 ? 0 : lead & (0x7FU >> static_cast<unsigned>(length));
    int got = 1;
    while (length > 0 && got < length && i + static_cast<std::size_t>(got) < utf8.size()) {
      const auto next = static_cast<unsigned char>(utf8[i + static_cast<std::size_t>(got)]);
      if ((next & 0xC0U) != 0x80U) {
        break;
      }
      c = (c << 6U) | (next & 0x3FU);
      ++got;
    }
    const bool good = length > 0 && got == length && is_scalar(c, length);
    out += good ? c : kReplacement;
    i += static_cast<std::size_t>(length == 0 ? 1 : got);
  }
  return out;
}

std::string to_utf8(std::u32string_view code_points) {
  std::string out;
  out.reserve(code_points.size() * 3);
  for (const char32_t c : code_points) {
    const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((c >> shift) & 0x3FU)); };
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if (c < 0x800) {
      out += static_cast<char>(0xC0U | (c >> 6U));
      tail(0);
    } else if (c < 0x10000) {
      out += static_cast<char>(0xE0U | (c >> 12U));
      tail(6);
      tail(0);
    } else {
      out += static_cast<char>(0xF0U | (c >> 18U));
      tail(12);
      tail(6);
      tail(0);
    }
  }
  return out;
}

} // namespace yanxing::text
