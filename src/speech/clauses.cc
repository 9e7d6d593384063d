#include "speech/clauses.h"

#include "text/utf8.h"

#include <algorithm>

namespace yanxing::speech {
namespace {

bool is_mark(char32_t c) { return std::u32string_view(U"，。！？；：、,.!?;:\n").find(c) != std::u32string_view::npos; }

bool speaks(std::u32string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char32_t c) { return text::is_han(c) || text::is_ascii_letter(c) || text::is_digit(c); });
}

// A mark inside a number, an address or a clock time: 3.5, a.b, 15:30.
bool is_inside(const std::u32string &text, std::size_t at) {
  const auto plain = [&](std::size_t i) {
    return i < text.size() && (text::is_ascii_letter(text[i]) || text::is_digit(text[i]));
  };
  return at > 0 && text[at] < 0x80 && plain(at - 1) && plain(at + 1);
}

// Lengths in code points: a mark cuts from `mark` on, a word's end from `word` on, anything at `most`.
struct Limits {
  std::size_t mark;
  std::size_t word;
  std::size_t most;
};
constexpr Limits limits(Language language, bool first) {
  if (language == Language::kChinese) {
    return first ? Limits{3, 14, 24} : Limits{12, 40, 60};
  }
  return first ? Limits{5, 60, 90} : Limits{30, 160, 240};
}

// After these a Mandarin sentence bears a short break.
bool ends_phrase(char32_t c) {
  return c == U' ' || std::u32string_view(U"的了到给和在把").find(c) != std::u32string_view::npos;
}

} // namespace

std::vector<Clause> clauses_of(const std::string &utf8) {
  std::vector<Clause> clauses;
  std::u32string current;
  Language language = language_of(utf8);
  const auto text = text::to_code_points(utf8);
  const auto flush = [&] {
    if (speaks(current)) {
      clauses.push_back({text::to_utf8(current), language});
    }
    current.clear();
  };
  // The text begins in the language of its first letter.
  if (const auto first = std::find_if(text.begin(), text.end(),
                                      [](char32_t c) { return text::is_han(c) || text::is_ascii_letter(c); });
      first != text.end()) {
    language = text::is_han(*first) ? Language::kChinese : Language::kEnglish;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    const bool switches = (text::is_han(c) && language == Language::kEnglish) ||
                          (text::is_ascii_letter(c) && language == Language::kChinese);
    if (switches) {
      flush();
      language = text::is_han(c) ? Language::kChinese : Language::kEnglish;
    }
    current += c;
    const auto [mark, word, most] = limits(language, clauses.empty());
    const bool at_mark = is_mark(c) && !is_inside(text, i) && current.size() >= mark;
    const bool at_word = current.size() >= word && (language == Language::kChinese ? ends_phrase(c) : c == U' ');
    // What little is left after a cut would sound lonely.
    const bool much_left = text.size() - i > mark;
    if (at_mark || (much_left && (at_word || current.size() >= most))) {
      flush();
    }
  }
  flush();
  return clauses;
}

} // namespace yanxing::speech
