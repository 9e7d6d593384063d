// Code points from bytes that may be anything: what is not UTF-8 becomes U+FFFD, so that every text is a valid one.
#pragma once

#include <string>
#include <string_view>

namespace yanxing::text {

std::u32string to_code_points(std::string_view utf8);
std::string to_utf8(std::u32string_view code_points);

inline bool is_han(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2FA1F);
}
inline bool is_ascii_letter(char32_t c) { return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z'); }
inline bool is_digit(char32_t c) { return c >= U'0' && c <= U'9'; }

} // namespace yanxing::text
