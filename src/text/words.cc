#include "text/words.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <string_view>

namespace yanxing::text {

bool is_word_byte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '\''; }

namespace {

// ASCII edges must fall on word boundaries; Han text has none.
bool at_boundaries(const std::string &text, const Span &span) {
  const bool left = span.begin == 0 || !is_word_byte(text[span.begin]) || !is_word_byte(text[span.begin - 1]);
  const bool right = span.end >= text.size() || !is_word_byte(text[span.end - 1]) || !is_word_byte(text[span.end]);
  return left && right;
}

// Enough for "lights"/"light", "playing"/"play", "dimmed"/"dim" to meet; both sides go through it.
std::string stem(std::string word) {
  const auto drop = [&word](std::string_view suffix, std::size_t keep) {
    if (word.size() >= suffix.size() + keep && word.ends_with(suffix)) {
      word.resize(word.size() - suffix.size());
      return true;
    }
    return false;
  };
  drop("'s", 2);
  if (!drop("ing", 3) && !drop("ed", 3) && !word.ends_with("ss")) {
    drop("s", 2);
  }
  if (word.size() > 3 && word.back() == 'e') {
    word.pop_back();
  }
  if (word.size() > 3 && word[word.size() - 1] == word[word.size() - 2]) {
    word.pop_back();
  }
  if (word.size() > 4 && word.back() == 'y') {
    word.back() = 'i'; // "battery", "batteries"
  }
  static const std::map<std::string, std::string, std::less<>> kShort{
      {"iced", "ice"},         {"oz", "ounc"},
      {"tv", "television"},    {"min", "minut"},
      {"sec", "second"},       {"hr", "hour"},
      {"kilo", "kilogram"},    {"kg", "kilogram"},
      {"km", "kilometer"},     {"temp", "temperatur"},
      {"info", "information"}, {"pic", "pictur"},
      {"ok", "okay"},          {"fridg", "refrigerator"},
      {"photo", "pictur"},     {"doc", "document"},
      {"app", "application"}};
  const auto full = kShort.find(word);
  return full == kShort.end() ? word : full->second;
}

} // namespace

std::optional<Span> find_exact(const std::string &text, std::string_view phrase) {
  for (auto at = text.find(phrase); at != std::string::npos; at = text.find(phrase, at + 1)) {
    const Span span{at, at + phrase.size()};
    if (at_boundaries(text, span)) {
      return span;
    }
  }
  return std::nullopt;
}

std::vector<Word> words_of(const std::string &folded) {
  std::vector<Word> words;
  for (std::size_t i = 0; i < folded.size();) {
    if (!is_word_byte(folded[i])) {
      ++i;
      continue;
    }
    auto end = i;
    while (end < folded.size() && is_word_byte(folded[end])) {
      ++end;
    }
    words.push_back({stem(folded.substr(i, end - i)), {i, end}});
    i = end;
  }
  return words;
}

bool says_any(const std::string &folded, const std::vector<std::string_view> &words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return find_exact(folded, word); });
}

} // namespace yanxing::text
