// English number words ↔ digits. A lone "one" stays ("this one"); "single" and "double" are no numbers here.
#include "text/numbers.h"

#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace yanxing::text {
namespace {

const std::map<std::string, long, std::less<>> &small_numbers() {
  static const std::map<std::string, long, std::less<>> kNumbers{
      {"zero", 0},      {"one", 1},       {"two", 2},       {"three", 3},    {"four", 4},     {"five", 5},
      {"six", 6},       {"seven", 7},     {"eight", 8},     {"nine", 9},     {"ten", 10},     {"eleven", 11},
      {"twelve", 12},   {"thirteen", 13}, {"fourteen", 14}, {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17},
      {"eighteen", 18}, {"nineteen", 19}, {"twenty", 20},   {"thirty", 30},  {"forty", 40},   {"fifty", 50},
      {"sixty", 60},    {"seventy", 70},  {"eighty", 80},   {"ninety", 90}};
  return kNumbers;
}

long scale_of(std::string_view word) {
  return word == "hundred" ? 100 : word == "thousand" ? 1000 : word == "million" ? 1000000 : 0;
}

struct Token {
  std::string text; // as written
  std::string word; // lower case letters, or empty for other text
};

std::vector<Token> split(std::string_view text) {
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < text.size();) {
    const bool letter = std::isalpha(static_cast<unsigned char>(text[i])) != 0;
    auto end = i + 1;
    while (letter && end < text.size() && std::isalpha(static_cast<unsigned char>(text[end])) != 0) {
      ++end;
    }
    Token token{std::string(text.substr(i, end - i)), ""};
    if (letter) {
      for (const char c : token.text) {
        token.word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      }
    }
    tokens.push_back(std::move(token));
    i = end;
  }
  return tokens;
}

bool is_gap(const Token &token) { return token.text == " " || token.text == "-"; }

struct Read {
  long value = 0;
  std::size_t end = 0; // index after the last token
  std::size_t words = 0;
};

// The number words from `at` on, as one number; digits said one by one make a string of digits elsewhere.
std::optional<Read> read_number(const std::vector<Token> &tokens, std::size_t at) {
  Read read;
  long section = 0;
  long last = -1; // size of the last small number, to keep "twenty six" and "six twenty" apart
  std::size_t i = at;
  while (i < tokens.size()) {
    const auto &word = tokens[i].word;
    const auto small = small_numbers().find(word);
    const long scale = scale_of(word);
    if (small != small_numbers().end()) {
      const bool fits =
          last < 0 || last >= 100 || (last >= 20 && last % 10 == 0 && small->second < 10 && small->second > 0);
      if (!fits) {
        break;
      }
      section += small->second;
      last = small->second;
    } else if (scale > 0 && read.words > 0) {
      if (scale == 100) {
        section *= 100;
      } else {
        read.value += section * scale;
        section = 0;
      }
      last = scale;
    } else if (word == "and" && last >= 100) {
      // "one hundred and five": only between a scale and a small number
      if (i + 2 >= tokens.size() || !is_gap(tokens[i + 1]) || !small_numbers().contains(tokens[i + 2].word)) {
        break;
      }
      i += 2;
      continue;
    } else {
      break;
    }
    ++read.words;
    read.end = i + 1;
    if (i + 2 < tokens.size() && is_gap(tokens[i + 1])) {
      i += 2;
    } else {
      break;
    }
  }
  read.value += section;
  return read.words > 0 ? std::optional(read) : std::nullopt;
}

bool stays(const std::vector<Token> &tokens, std::size_t at, const Read &read) {
  if (read.words > 1) {
    return false;
  }
  const auto &word = tokens[at].word;
  const bool measured = read.end + 1 < tokens.size() && is_gap(tokens[read.end]) && [&] {
    static constexpr std::array<std::string_view, 17> kMeasures{
        "degrees", "degree", "percent", "minutes", "minute", "seconds", "second", "hours",  "hour",
        "am",      "pm",     "o",       "ounce",   "ounces", "times",   "days",   "hundred"};
    for (const auto measure : kMeasures) {
      if (tokens[read.end + 1].word == measure) {
        return true;
      }
    }
    return false;
  }();
  const bool past = at >= 2 && (tokens[at - 2].word == "past" || tokens[at - 2].word == "quarter");
  return past || ((word == "one" || word == "zero") && !measured);
}

// Three and more digits said one by one ("one three eight"): a number to be dialled or typed.
std::optional<std::pair<std::string, std::size_t>> read_digits(const std::vector<Token> &tokens, std::size_t at) {
  std::string digits;
  std::size_t end = at;
  for (std::size_t i = at; i < tokens.size(); i += 2) {
    const auto found = small_numbers().find(tokens[i].word);
    const bool oh = tokens[i].word == "oh" && !digits.empty();
    if (!oh && (found == small_numbers().end() || found->second > 9)) {
      break;
    }
    digits += oh ? "0" : std::to_string(found->second);
    end = i + 1;
    if (end >= tokens.size() || !is_gap(tokens[end])) {
      break;
    }
  }
  return digits.size() >= 3 ? std::optional(std::pair(digits, end)) : std::nullopt;
}

// "nineteen eighty four", "twenty twenty six": years are said in two halves.
std::optional<Read> read_year(const std::vector<Token> &tokens, std::size_t at) {
  const auto century = small_numbers().find(tokens[at].word);
  if (century == small_numbers().end() || century->second < 18 || century->second > 20 || at + 2 >= tokens.size() ||
      !is_gap(tokens[at + 1])) {
    return std::nullopt;
  }
  const auto rest = read_number(tokens, at + 2);
  if (!rest || rest->value < 10 || rest->value > 99) {
    return std::nullopt;
  }
  return Read{century->second * 100 + rest->value, rest->end, rest->words + 1};
}

} // namespace

std::vector<NumberWords<std::string>> number_words_en(std::string_view text) {
  const auto tokens = split(text);
  std::vector<std::size_t> begins; // of each token and of the end
  std::size_t length = 0;
  for (const auto &token : tokens) {
    begins.push_back(length);
    length += token.text.size();
  }
  begins.push_back(length);
  std::vector<NumberWords<std::string>> numbers;
  for (std::size_t i = 0; i < tokens.size();) {
    const auto first = i;
    if (const auto spelled = read_digits(tokens, i)) {
      i = spelled->second;
      numbers.push_back({begins[first], begins[i], spelled->first});
      continue;
    }
    const auto year = read_year(tokens, i);
    const auto read = year ? year : small_numbers().contains(tokens[i].word) ? read_number(tokens, i) : std::nullopt;
    if (!read || stays(tokens, i, *read)) {
      ++i;
      continue;
    }
    auto digits = std::to_string(read->value);
    i = read->end;
    // "three point five"
    if (i + 3 < tokens.size() && is_gap(tokens[i]) && tokens[i + 1].word == "point" && is_gap(tokens[i + 2]) &&
        small_numbers().contains(tokens[i + 3].word)) {
      digits += "." + std::to_string(small_numbers().find(tokens[i + 3].word)->second);
      i += 4;
    }
    numbers.push_back({begins[first], begins[i], std::move(digits)});
  }
  return numbers;
}

std::string numbers_to_digits_en(std::string_view text) { return with_digits(text, number_words_en(text)); }

std::string english_number(long value) {
  if (value < 0) {
    return "minus " + english_number(-value);
  }
  for (const auto &[scale, name] : {std::pair{1000000L, "million"}, {1000L, "thousand"}, {100L, "hundred"}}) {
    if (value >= scale) {
      const long rest = value % scale;
      return english_number(value / scale) + " " + name +
             (rest > 0 ? (scale == 100 ? " and " : " ") + english_number(rest) : "");
    }
  }
  const long tens = value >= 20 ? value / 10 * 10 : value;
  std::string out;
  for (const auto &[word, number] : small_numbers()) {
    if (number == tens) {
      out = word;
    }
  }
  return value > 20 && value % 10 > 0 ? out + " " + english_number(value % 10) : out;
}

} // namespace yanxing::text
