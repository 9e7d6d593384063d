#include "text/normalize.h"

#include "text/evidence.h"
#include "text/numbers.h"
#include "text/utf8.h"

#include <SimpleConverter.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
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
    const bool between =
        text[i] == U' ' && i > 0 && i + 1 < text.size() && (is_han(text[i - 1]) || is_han(text[i + 1]));
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
constexpr std::array kUnits{
    DurationUnit{"(?:天|日|days?)", 86400}, DurationUnit{"(?:小时|钟头|hours?|hrs?)", 3600},
    DurationUnit{"(?:刻钟)", 900},
    // 分 alone is a minute only where a duration may end: 十分感谢 is none.
    DurationUnit{"(?:分钟|分(?=$|半|之?后|以后|以内|内|左右|的|[0-9]|[ ,.，。])|minutes?|mins?)", 60},
    DurationUnit{"(?:秒钟|秒|seconds?|secs?)", 1}};
constexpr double kLongestDuration = 100.0 * 366 * 86400;

// How an amount of each unit is said; compiled once, which costs more than the search.
const std::array<std::regex, kUnits.size()> &unit_patterns() {
  static const auto kPatterns = [] {
    static constexpr std::string_view kBefore = "(^|点|第|[^a-z0-9.])";
    static constexpr std::string_view kAmount =
        "([0-9]+(?:\\.[0-9]+)?|半|一|两|三|四|五|六|七|八|九|十|an?|half an?|one)";
    std::array<std::regex, kUnits.size()> patterns;
    for (std::size_t i = 0; i < kUnits.size(); ++i) {
      patterns[i] = std::string(kBefore) + std::string(kAmount) + " ?(?:个)?(半|and a half)? ?" +
                    std::string(kUnits[i].pattern) + "(半| and a half)?(?![a-z])";
    }
    return patterns;
  }();
  return kPatterns;
}

} // namespace

std::string normalize_numbers(std::string_view utf8, Language language) {
  // Mixed text has both kinds of numerals, and neither rule touches the other's words.
  const auto chinese =
      language_of(utf8) == Language::kChinese ? to_utf8(numbers_to_digits_zh(to_code_points(utf8))) : std::string(utf8);
  return language == Language::kEnglish || language_of(utf8) == Language::kEnglish ? numbers_to_digits_en(chinese)
                                                                                   : chinese;
}

std::string to_traditional(const std::string &utf8) {
  static const auto converter = std::make_unique<opencc::SimpleConverter>("s2t.json");
  return converter->Convert(utf8);
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
  double total = 0;
  bool found = false;
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    const auto &[pattern, seconds] = kUnits[i];
    std::smatch match;
    if (!std::regex_search(text, match, unit_patterns()[i])) {
      continue;
    }
    const auto amount = match[2].str();
    double value = 0;
    if (std::isdigit(static_cast<unsigned char>(amount[0])) != 0) {
      value = std::strtod(amount.c_str(), nullptr); // infinite where there are too many digits
    } else if (amount == "半" || amount.starts_with("half")) {
      value = 0.5;
    } else if (amount[0] == 'a' || amount == "one") {
      value = 1;
    } else {
      static constexpr std::u32string_view kNumerals = U"零一二三四五六七八九十";
      const auto c = to_code_points(amount)[0];
      value = c == U'两' ? 2 : static_cast<double>(kNumerals.find(c));
    }
    if (match[3].matched || match[4].matched) {
      value += 0.5;
    }
    const bool date = pattern.starts_with("(?:天") && match.str().ends_with("日");
    const bool clock = seconds == 60 && match[1] == "点"; // 12点30分
    const bool ordinal = match[1] == "第";                // 第3天
    if (!date && !clock && !ordinal) {
      total += value * static_cast<double>(seconds);
      found = true;
    }
  }
  return found && total <= kLongestDuration ? std::optional(static_cast<long>(total)) : std::nullopt;
}

namespace {

bool is_digit_at(std::string_view text, std::size_t at) {
  return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0;
}
bool is_letter_at(std::string_view text, std::size_t at) {
  return at < text.size() && std::isalpha(static_cast<unsigned char>(text[at])) != 0;
}

std::string one_by_one(std::string_view number, Language language) {
  std::string out;
  for (const char c : number) {
    if (language == Language::kChinese) {
      out += c == '.' ? "点" : to_utf8(chinese_digits(std::u32string(1, static_cast<char32_t>(c))));
    } else {
      out += (out.empty() ? "" : " ") + (c == '.' ? std::string("point") : english_number(c - '0'));
    }
  }
  return out;
}

std::string as_value(std::string_view number, Language language) {
  const auto point = std::min(number.find('.'), number.size());
  const long whole = std::stol(std::string(number.substr(0, point)));
  const bool chinese = language == Language::kChinese;
  const auto spoken = chinese ? to_utf8(chinese_number(whole)) : english_number(whole);
  return point == number.size()
             ? spoken
             : spoken + (chinese ? "点" : " point ") + one_by_one(number.substr(point + 1), language);
}

// 2 is 两 before what is counted and 二 elsewhere.
bool counts_things(std::string_view rest) {
  static constexpr std::array<std::string_view, 22> kCounted{"个", "分钟", "小时", "点", "天", "盏", "位", "封",
                                                             "次", "张",   "份",   "秒", "块", "台", "件", "条",
                                                             "年", "周",   "种",   "页", "倍", "本"};
  return std::any_of(kCounted.begin(), kCounted.end(), [&](auto word) { return rest.starts_with(word); });
}

struct Spoken {
  std::string text;
  std::size_t end = 0; // after what was read
};

// The number that starts at `begin`, with the sign of percent or of a clock behind it.
Spoken spoken_number(std::string_view text, std::size_t begin, Language language) {
  const bool chinese = language == Language::kChinese;
  std::string number;
  std::size_t end = begin;
  bool grouped = false; // 1,234,567
  while (is_digit_at(text, end) || (text[end] == '.' && is_digit_at(text, end + 1))) {
    number += text[end++];
    const bool thousands = end < text.size() && text[end] == ',' && is_digit_at(text, end + 1) &&
                           is_digit_at(text, end + 2) && is_digit_at(text, end + 3) && !is_digit_at(text, end + 4);
    end += thousands ? 1 : 0;
    grouped = grouped || thousands;
    if (end >= text.size()) {
      break;
    }
  }
  const auto rest = text.substr(end);
  constexpr std::size_t kLongNumber = 7; // telephone numbers and the like
  constexpr std::size_t kLongest = 18;   // of a value
  const bool dialled = (number.size() >= kLongNumber && !grouped) || number.size() > kLongest ||
                       (number.size() > 1 && number[0] == '0' && number[1] != '.') ||
                       (chinese && number.size() == 4 && rest.starts_with("年"));
  auto spoken = dialled ? one_by_one(number, language) : as_value(number, language);
  if (chinese && number == "2" && counts_things(rest)) {
    spoken = "两";
  }
  if (rest.starts_with("%")) {
    return {chinese ? "百分之" + spoken : spoken + " percent", end + 1};
  }
  const bool clock = rest.starts_with(":") && is_digit_at(rest, 1);
  return clock ? Spoken{spoken + (chinese ? "点" : " "), end + 1} : Spoken{spoken, end};
}

} // namespace

std::string spoken_form(std::string_view utf8, Language language) {
  const bool chinese = language == Language::kChinese;
  std::string out;
  for (std::size_t i = 0; i < utf8.size();) {
    const auto rest = utf8.substr(i);
    const auto degrees = rest.starts_with("℃")    ? std::string_view("℃")
                         : rest.starts_with("°C") ? std::string_view("°C")
                                                  : std::string_view();
    if (is_digit_at(utf8, i)) {
      const auto spoken = spoken_number(utf8, i, language);
      out += spoken.text;
      i = spoken.end;
    } else if (!degrees.empty()) {
      out += chinese ? "度" : " degrees";
      i += degrees.size();
    } else if (rest[0] == '@') {
      out += chinese ? "艾特" : " at ";
      ++i;
    } else if (rest[0] == '.' && i > 0 && is_letter_at(utf8, i + 1) &&
               (is_letter_at(utf8, i - 1) || is_digit_at(utf8, i - 1))) {
      out += chinese ? "点" : " dot "; // of an address or a file name
      ++i;
    } else if (rest[0] == '-' && is_digit_at(utf8, i + 1) &&
               (i == 0 || utf8[i - 1] == ' ' || static_cast<unsigned char>(utf8[i - 1]) >= 0x80)) {
      out += chinese ? "负" : "minus ";
      ++i;
    } else {
      out += rest[0];
      ++i;
    }
  }
  return out;
}

} // namespace yanxing::text
