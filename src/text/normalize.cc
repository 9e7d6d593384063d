#include "text/normalize.h"

#include "text/evidence.h"
#include "text/numbers.h"
#include "text/utf8.h"

#include <SimpleConverter.hpp>

#include <array>
#include <cctype>
#include <memory>
#include <regex>

namespace yanxing::text {
namespace {

// Traditional → Simplified. OpenCC reads its dictionaries once.
std::string simplified(const std::string &utf8) {
  static const auto converter = std::make_unique<opencc::SimpleConverter>("t2s.json");
  return converter->Convert(utf8);
}

bool is_final_mark(char32_t c) {
  static constexpr std::u32string_view kMarks = U" 　\t\n\r.。!！?？,，、;；…";
  return kMarks.find(c) != kMarks.npos;
}

std::u32string half_width(std::u32string text) {
  for (auto &c : text) {
    if (c >= 0xFF01 && c <= 0xFF5E && c != U'，' && c != U'！' && c != U'？' && c != U'：' && c != U'；') {
      c = c - 0xFF01 + U'!';
    } else if (c == 0x3000) {
      c = U' ';
    }
  }
  return text;
}

// "我 想 听 歌" → 我想听歌: a space between Han characters says nothing.
std::u32string without_han_spaces(std::u32string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool between = text[i] == U' ' && i > 0 && i + 1 < text.size() && (is_han(text[i - 1]) || is_han(text[i + 1]));
    if (!between) {
      out += text[i];
    }
  }
  return out;
}

std::u32string trimmed(std::u32string_view text) {
  while (!text.empty() && is_final_mark(text.back())) {
    text.remove_suffix(1);
  }
  while (!text.empty() && is_final_mark(text.front())) {
    text.remove_prefix(1);
  }
  return std::u32string(text);
}

struct DurationUnit {
  std::string_view pattern;
  long seconds;
};
constexpr std::array kUnits{DurationUnit{"(?:天|日|days?)", 86400}, DurationUnit{"(?:小时|钟头|hours?|hrs?)", 3600},
                            DurationUnit{"(?:分钟|分|minutes?|mins?)", 60}, DurationUnit{"(?:秒钟|秒|seconds?|secs?)", 1}};

} // namespace

std::string normalize_numbers(std::string_view utf8, Language language) {
  // Mixed text has both kinds of numerals, and neither rule touches the other's words.
  const auto chinese = language_of(utf8) == Language::kChinese ? to_utf8(numbers_to_digits_zh(to_code_points(utf8))) : std::string(utf8);
  return language == Language::kEnglish || language_of(utf8) == Language::kEnglish ? numbers_to_digits_en(chinese) : chinese;
}

std::string normalize_transcript(std::string_view raw, Language language) {
  auto text = to_code_points(raw);
  if (language == Language::kChinese) {
    text = to_code_points(simplified(to_utf8(text)));
  }
  text = trimmed(without_han_spaces(half_width(std::move(text))));
  return normalize_numbers(to_utf8(text), language);
}

std::optional<long> find_duration_s(std::string_view utf8) {
  constexpr std::size_t kMost = 2000; // std::regex recurses
  if (utf8.size() > kMost) {
    return std::nullopt;
  }
  const auto folded = fold(utf8);
  const auto text = numbers_to_digits_en(to_utf8(numbers_to_digits_zh(to_code_points(folded))));
  static const std::string kAmount = "([0-9]+(?:\\.[0-9]+)?|半|一|两|三|四|五|六|七|八|九|十|an?|half an?|one)";
  double total = 0;
  bool found = false;
  for (const auto &[pattern, seconds] : kUnits) {
    static constexpr std::string_view kBefore = "(?:^|[^a-z0-9.])";
    const std::regex unit(std::string(kBefore) + kAmount + " ?(?:个)?(半)? ?" + std::string(pattern) + "(半| and a half)?(?![a-z])");
    std::smatch match;
    if (!std::regex_search(text, match, unit)) {
      continue;
    }
    const auto amount = match[1].str();
    double value = 0;
    if (std::isdigit(static_cast<unsigned char>(amount[0])) != 0) {
      value = std::stod(amount);
    } else if (amount == "半" || amount.starts_with("half")) {
      value = 0.5;
    } else if (amount[0] == 'a' || amount == "one") {
      value = 1;
    } else {
      static constexpr std::u32string_view kNumerals = U"零一二三四五六七八九十";
      const auto c = to_code_points(amount)[0];
      value = c == U'两' ? 2 : static_cast<double>(kNumerals.find(c));
    }
    if (match[2].matched || match[3].matched) {
      value += 0.5;
    }
    const bool date = pattern.starts_with("(?:天") && match.str().ends_with("日");
    if (!date) {
      total += value * static_cast<double>(seconds);
      found = true;
    }
  }
  return found ? std::optional(static_cast<long>(total)) : std::nullopt;
}

namespace {

std::string spoken_number(const std::string &digits, bool one_by_one, Language language) {
  if (language == Language::kChinese) {
    const auto code_points = to_code_points(digits);
    const auto point = code_points.find(U'.');
    if (one_by_one) {
      return to_utf8(chinese_digits(code_points));
    }
    const auto whole = chinese_number(std::stol(digits.substr(0, digits.find('.'))));
    return to_utf8(point == code_points.npos ? whole : whole + U"点" + chinese_digits(code_points.substr(point + 1)));
  }
  const auto spell = [](const std::string &text) {
    std::string out;
    for (const char c : text) {
      out += (out.empty() ? "" : " ") + (c == '.' ? std::string("point") : english_number(c - '0'));
    }
    return out;
  };
  if (one_by_one) {
    return spell(digits);
  }
  const auto point = digits.find('.');
  const auto whole = english_number(std::stol(digits.substr(0, point)));
  return point == std::string::npos ? whole : whole + " point " + spell(digits.substr(point + 1));
}

} // namespace

std::string spoken_form(std::string_view utf8, Language language) {
  std::string out;
  const std::string text(utf8);
  for (std::size_t i = 0; i < text.size();) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) {
      const bool at_sign = text[i] == '@';
      out += at_sign ? (language == Language::kChinese ? "艾特" : " at ") : std::string(1, text[i]);
      ++i;
      continue;
    }
    auto end = i;
    while (end < text.size() && (std::isdigit(static_cast<unsigned char>(text[end])) != 0 ||
                                 (text[end] == '.' && end + 1 < text.size() && std::isdigit(static_cast<unsigned char>(text[end + 1])) != 0))) {
      ++end;
    }
    const auto digits = text.substr(i, end - i);
    const auto rest = std::string_view(text).substr(end);
    const bool clock = rest.starts_with(":") && rest.size() > 2 && std::isdigit(static_cast<unsigned char>(rest[1])) != 0;
    constexpr std::size_t kLongNumber = 7; // telephone numbers and the like
    const bool one_by_one = digits.size() >= kLongNumber || (digits.size() > 1 && digits[0] == '0' && digits[1] != '.') ||
                            (digits.size() == 4 && rest.starts_with("年"));
    auto spoken = spoken_number(digits, one_by_one, language);
    if (rest.starts_with("%")) {
      spoken = language == Language::kChinese ? "百分之" + spoken : spoken + " percent";
      ++end;
    } else if (clock) {
      spoken += language == Language::kChinese ? "点" : " ";
      ++end;
    }
    out += spoken;
    i = end;
  }
  return out;
}

} // namespace yanxing::text
