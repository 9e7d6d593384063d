// Numbers in words and in digits, for one language each. Used by normalize.cc only.
#pragma once

#include <string>
#include <string_view>

namespace yanxing::text {

std::u32string numbers_to_digits_zh(std::u32string_view text);
std::u32string chinese_number(long value);                  // 26 → 二十六
std::u32string chinese_digits(std::u32string_view decimal); // 2026 → 二零二六

std::string numbers_to_digits_en(std::string_view text); // "twenty six degrees" → "26 degrees"
std::string english_number(long value);                  // 26 → "twenty six"

} // namespace yanxing::text
