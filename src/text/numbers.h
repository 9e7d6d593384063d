// Numbers in words and in digits, for one language each. Used by normalize.cc and evidence.cc only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace yanxing::text {

// A number in words and what it is in digits ("30%", "3点50", "2.5"). `begin` and `end` count code units of the text.
template <class String> struct NumberWords {
  std::size_t begin = 0;
  std::size_t end = 0;
  String digits;
};

std::vector<NumberWords<std::u32string>> number_words_zh(std::u32string_view text);
std::u32string numbers_to_digits_zh(std::u32string_view text);
// A single numeral that counts something though it stays a word in a transcript: 调到五, 两杯. 0 where there is none at
// `at`.
long lone_numeral_zh(std::u32string_view text, std::size_t at);
std::u32string chinese_number(long value);                  // 26 → 二十六
std::u32string chinese_digits(std::u32string_view decimal); // 2026 → 二零二六

std::vector<NumberWords<std::string>> number_words_en(std::string_view text);
std::string numbers_to_digits_en(std::string_view text); // "twenty six degrees" → "26 degrees"
std::string english_number(long value);                  // 26 → "twenty six"

// The text with these numbers in digits.
template <class String, class View> String with_digits(View text, const std::vector<NumberWords<String>> &numbers) {
  String out;
  std::size_t at = 0;
  for (const auto &number : numbers) {
    out += text.substr(at, number.begin - at);
    out += number.digits;
    at = number.end;
  }
  out += text.substr(at);
  return out;
}

} // namespace yanxing::text
