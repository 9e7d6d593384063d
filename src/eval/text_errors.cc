#include "eval/text_errors.h"

#include "text/evidence.h"
#include "text/normalize.h"
#include "text/utf8.h"

#include <algorithm>
#include <numeric>

namespace yanxing::eval {
namespace {

// Letters, digits, Han and every other script's characters; a point or % only where it belongs to a number.
bool is_spoken(std::u32string_view text, std::size_t i) {
  const auto c = text[i];
  const auto digit_at = [&](std::size_t at) { return at < text.size() && text::is_digit(text[at]); };
  if (c < 0x80) {
    return text::is_ascii_letter(c) || text::is_digit(c) ||
           (c == U'.' && i > 0 && digit_at(i - 1) && digit_at(i + 1)) || (c == U'%' && i > 0 && digit_at(i - 1));
  }
  const bool mark = (c >= 0x80 && c <= 0xBF) || (c >= 0x2000 && c <= 0x206F) || (c >= 0x3000 && c <= 0x303F) ||
                    (c >= 0xFF00 && c <= 0xFF0F) || (c >= 0xFF1A && c <= 0xFF20) || (c >= 0xFF3B && c <= 0xFF40) ||
                    (c >= 0xFF5B && c <= 0xFF65) || c == 0xFFFD;
  return !mark;
}

bool is_apostrophe(char32_t c) { return c == U'\'' || c == 0x2019; }

} // namespace

std::vector<std::u32string> text_units(std::string_view utf8, Language language) {
  const auto text = text::to_code_points(text::fold(text::normalize_transcript(utf8, language)));
  std::vector<std::u32string> units;
  bool open = false; // a word that goes on
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_apostrophe(text[i])) {
      continue; // what's = whats
    }
    if (!is_spoken(text, i)) {
      open = false;
      continue;
    }
    const bool alone = language == Language::kChinese || text::is_han(text[i]);
    if (open && !alone) {
      units.back() += text[i];
    } else {
      units.emplace_back(1, text[i]);
    }
    open = !alone;
  }
  return units;
}

TextErrors text_errors(std::string_view reference, std::string_view hypothesis, Language language) {
  const auto wanted = text_units(reference, language);
  const auto heard = text_units(hypothesis, language);
  // Levenshtein distance, one row of the table at a time.
  std::vector<std::size_t> row(heard.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= wanted.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= heard.size(); ++j) {
      const auto replaced = diagonal + (wanted[i - 1] == heard[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return {row.back(), wanted.size()};
}

} // namespace yanxing::eval
