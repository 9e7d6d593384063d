// Chinese numerals ↔ digits. A numeral becomes digits where it counts or measures (二十九度, 三点五, 百分之三十, digits
// said one by one); it stays where it is part of a word (一下, 万一, 三星, 第一).
#include "text/numbers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace yanxing::text {
namespace {

constexpr std::u32string_view kDigits = U"零一二三四五六七八九";

int digit_of(char32_t c) {
  if (c == U'〇') {
    return 0;
  }
  if (c == U'两') {
    return 2;
  }
  if (c == U'幺') {
    return 1;
  }
  const auto at = kDigits.find(c);
  return at == std::u32string_view::npos ? -1 : static_cast<int>(at);
}

long unit_of(char32_t c) {
  switch (c) {
  case U'十':
    return 10;
  case U'百':
    return 100;
  case U'千':
    return 1000;
  case U'万':
    return 10000;
  case U'亿':
    return 100000000;
  default:
    return 0;
  }
}

bool is_numeral(char32_t c) { return digit_of(c) >= 0 || unit_of(c) > 0; }

// Value of a numeral with units: 二十九, 一百零五, 一百五 (150), 三万二.
std::optional<long> value_of(std::u32string_view text) {
  long total = 0;   // of 万 and 亿 groups
  long section = 0; // below the next 万
  long digit = -1;
  long last_unit = 1;
  for (const char32_t c : text) {
    if (const int d = digit_of(c); d >= 0) {
      if (digit > 0) {
        return std::nullopt; // two digits in a row are no value
      }
      digit = d;
      if (d == 0) {
        last_unit = 1;
      }
      continue;
    }
    const long unit = unit_of(c);
    if (unit >= 10000) {
      section += std::max(digit, 0L);
      total = (total + std::max(section, 1L)) * unit;
      section = 0;
    } else {
      section += (digit < 0 ? 1 : digit) * unit;
    }
    last_unit = unit;
    digit = -1;
  }
  if (digit > 0) {
    section += last_unit >= 100 ? digit * (last_unit / 10) : digit; // 一百五
  }
  return total + section;
}

bool starts_with(std::u32string_view text, std::u32string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// Words that follow a measured number.
bool measure_follows(std::u32string_view rest) {
  static constexpr std::array<std::u32string_view, 40> kMeasures{
      U"度",   U"分钟", U"秒",   U"小时", U"点",   U"号", U"楼", U"层", U"元",   U"块钱",
      U"块",   U"米",   U"公里", U"厘米", U"千米", U"年", U"月", U"日", U"公斤", U"千克",
      U"克",   U"升",   U"毫升", U"斤",   U"岁",   U"周", U"倍", U"页", U"行",   U"列",
      U"频道", U"台",   U"路",   U"弄",   U"室",   U"集", U"档", U"级", U"瓦",   U"兆"};
  return std::any_of(kMeasures.begin(), kMeasures.end(), [&](auto measure) { return starts_with(rest, measure); });
}

// 一点 and 一周 and the like are more often words than measures.
bool is_word(std::u32string_view before, std::u32string_view numeral, std::u32string_view rest) {
  if (!before.empty() && (before.back() == U'第' || before.back() == U'周' || before.back() == U'星' ||
                          before.back() == U'万' || before.back() == U'期')) {
    return !(before.back() == U'第' && numeral.size() > 1);
  }
  if (numeral == U"一") {
    static constexpr std::u32string_view kPointers = U"上下这那每同某另前后"; // 上一年, 每一层
    if (!before.empty() && kPointers.find(before.back()) != kPointers.npos && !starts_with(rest, U"点")) {
      return true;
    }
    const bool clock = !before.empty() && (before.back() == U'午' || before.back() == U'上' || before.back() == U'晨');
    return starts_with(rest, U"点") && !clock && !starts_with(rest, U"点钟") && !starts_with(rest, U"点半");
  }
  return numeral == U"十" && starts_with(rest, U"分") && !starts_with(rest, U"分钟");
}

std::u32string digits(long value) {
  const auto text = std::to_string(value);
  return {text.begin(), text.end()};
}

std::u32string spelled(std::u32string_view numeral) {
  std::u32string out;
  for (const char32_t c : numeral) {
    out += U'0' + static_cast<char32_t>(digit_of(c));
  }
  return out;
}

std::u32string_view numeral_at(std::u32string_view text, std::size_t at) {
  auto end = at;
  while (end < text.size() && is_numeral(text[end])) {
    ++end;
  }
  return text.substr(at, end - at);
}

// 三四, 七八: about so many, not a number.
bool is_rough(std::u32string_view numeral) {
  return numeral.size() == 2 && digit_of(numeral[0]) > 0 && digit_of(numeral[1]) == digit_of(numeral[0]) + 1;
}

bool has_unit(std::u32string_view numeral) {
  return std::any_of(numeral.begin(), numeral.end(), [](char32_t c) { return unit_of(c) > 0; });
}

// Digits for one numeral in its place, or empty where it stays as it is.
std::u32string converted(std::u32string_view before, std::u32string_view numeral, std::u32string_view rest) {
  const bool only_units = std::none_of(numeral.begin(), numeral.end(), [](char32_t c) { return digit_of(c) >= 0; });
  if (is_rough(numeral)) {
    return U"";
  }
  if (!has_unit(numeral)) {
    // Digits said one by one: numbers of telephones, rooms, years.
    if (numeral.size() >= 3 ||
        (numeral.size() == 2 &&
         (numeral.find(U'零') != numeral.npos || numeral.find(U'幺') != numeral.npos || measure_follows(rest)))) {
      return spelled(numeral);
    }
    return numeral.size() == 1 && measure_follows(rest) && !is_word(before, numeral, rest) && numeral != U"零"
               ? digits(digit_of(numeral[0]))
               : U"";
  }
  if (only_units && numeral != U"十") {
    return U""; // 百, 千万, 亿 alone are words
  }
  if (is_word(before, numeral, rest) || (numeral == U"十" && !measure_follows(rest))) {
    return U"";
  }
  if (starts_with(numeral, U"万") || starts_with(numeral, U"千") || starts_with(numeral, U"百")) {
    return U""; // 万一, 千万, 百万
  }
  const auto value = value_of(numeral);
  return value ? digits(*value) : U"";
}

} // namespace

std::vector<NumberWords<std::u32string>> number_words_zh(std::u32string_view text) {
  std::vector<NumberWords<std::u32string>> numbers;
  for (std::size_t i = 0; i < text.size();) {
    const auto first = i;
    if (starts_with(text.substr(i), U"百分之")) {
      const auto numeral = numeral_at(text, i + 3);
      if (const auto value = numeral.empty() ? std::nullopt : value_of(numeral)) {
        i += 3 + numeral.size();
        const auto fraction = i + 1 < text.size() && text[i] == U'点' ? numeral_at(text, i + 1) : std::u32string_view();
        const bool decimal = !fraction.empty() && !has_unit(fraction);
        i += decimal ? 1 + fraction.size() : 0;
        numbers.push_back({first, i, digits(*value) + (decimal ? U"." + spelled(fraction) : std::u32string()) + U"%"});
        continue;
      }
    }
    if (!is_numeral(text[i])) {
      ++i;
      continue;
    }
    const auto numeral = numeral_at(text, i);
    const auto after = i + numeral.size();
    const auto before = text.substr(0, i);
    // 三点五: a decimal point between numerals, unless it is a time of day (三点五分, 下午三点五十).
    if (after + 1 < text.size() && text[after] == U'点' && is_numeral(text[after + 1]) && !numeral.empty()) {
      const auto fraction = numeral_at(text, after + 1);
      const auto rest = text.substr(after + 1 + fraction.size());
      constexpr std::u32string_view kClock = U"午上晚晨";
      const bool clock = starts_with(rest, U"分") || has_unit(fraction) ||
                         (!before.empty() && kClock.find(before.back()) != kClock.npos);
      const auto whole =
          has_unit(numeral) ? value_of(numeral) : std::optional<long>(numeral.size() == 1 ? digit_of(numeral[0]) : -1);
      if (whole && *whole >= 0) {
        const auto minutes = clock ? value_of(fraction) : std::nullopt;
        i = after + 1 + fraction.size();
        numbers.push_back({first, i,
                           digits(*whole) + (clock ? U"点" : U".") +
                               (!clock    ? spelled(fraction)
                                : minutes ? digits(*minutes)
                                          : std::u32string(fraction))});
        continue;
      }
    }
    auto replaced = converted(before, numeral, text.substr(after));
    i = after;
    if (!replaced.empty()) {
      numbers.push_back({first, i, std::move(replaced)});
    }
  }
  return numbers;
}

std::u32string numbers_to_digits_zh(std::u32string_view text) { return with_digits(text, number_words_zh(text)); }

long lone_numeral_zh(std::u32string_view text, std::size_t at) {
  const auto before = text.substr(0, at);
  const auto numeral = at < text.size() && is_numeral(text[at]) ? numeral_at(text, at) : std::u32string_view();
  if (numeral.size() != 1 || (!before.empty() && is_numeral(before.back()))) {
    return 0;
  }
  const auto rest = text.substr(at + 1);
  static constexpr std::array<std::u32string_view, 10> kSet{U"到", U"为", U"成", U"是", U"个",
                                                            U"杯", U"份", U"张", U"次", U"人"};
  const bool counts = std::any_of(kSet.begin(), kSet.end(), [&](auto word) { return starts_with(rest, word); });
  const bool is_set = !before.empty() && std::any_of(kSet.begin(), kSet.begin() + 4,
                                                     [&](auto word) { return before.back() == word.front(); });
  const long value = numeral[0] == U'十' ? 10 : digit_of(numeral[0]);
  if (is_word(before, numeral, rest) || value <= 0 || (value == 1 && !is_set)) {
    return 0; // 一个, 一下: hardly ever a number
  }
  return counts || is_set ? value : 0;
}

std::u32string chinese_number(long value) {
  if (value < 0) {
    return U"负" + chinese_number(-value);
  }
  if (value < 10) {
    return std::u32string(1, kDigits[static_cast<std::size_t>(value)]);
  }
  struct Unit {
    long size;
    char32_t name;
  };
  static constexpr std::array kUnits{Unit{100000000, U'亿'}, Unit{10000, U'万'}, Unit{1000, U'千'}, Unit{100, U'百'},
                                     Unit{10, U'十'}};
  for (const auto &[size, name] : kUnits) {
    if (value < size) {
      continue;
    }
    const long head = value / size;
    const long rest = value % size;
    std::u32string out = (size == 10 && head == 1 ? U"" : chinese_number(head)) + std::u32string(1, name);
    if (rest > 0) {
      if (rest < size / 10) {
        out += U"零";
      }
      const auto tail = chinese_number(rest);
      out += rest >= 10 && rest < 20 && size > 10 ? U"一" + tail : tail; // 一百一十五
    }
    return out;
  }
  return U"零";
}

std::u32string chinese_digits(std::u32string_view decimal) {
  std::u32string out;
  for (const char32_t c : decimal) {
    out += c >= U'0' && c <= U'9' ? kDigits[c - U'0'] : c;
  }
  return out;
}

} // namespace yanxing::text
