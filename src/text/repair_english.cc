// Words are compared by how they sound when read as English: spellings of one sound are folded into one ("lee", "li",
// "leigh"), then consonants must agree and vowels may differ a little. Small words (to, it, this) are never changed.
#include "text/repair_english.h"

#include "text/evidence.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>

namespace yanxing::text {
namespace {

bool is_vowel(char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; }

// Spellings of one sound, longest first. Upper case stands for one sound: C ch/zh/j, X sh/x.
constexpr std::array<std::pair<std::string_view, std::string_view>, 43> kSpellings{{
    {"eigh", "ei"}, {"ough", "o"}, {"augh", "o"}, {"tch", "C"}, {"sch", "X"}, {"igh", "ai"}, {"dge", "C"}, {"zh", "C"},
    {"ch", "C"},    {"sh", "X"},   {"ph", "f"},   {"gh", "g"},  {"ck", "k"},  {"wh", "w"},   {"kn", "n"},  {"wr", "r"},
    {"th", "t"},    {"ts", "s"},   {"tz", "s"},   {"ce", "se"}, {"ci", "si"}, {"cy", "si"},  {"qu", "kw"}, {"ee", "i"},
    {"ea", "i"},    {"ie", "i"},   {"ey", "i"},   {"oo", "u"},  {"ou", "u"},  {"ay", "ei"},  {"ai", "ei"}, {"oa", "o"},
    {"ow", "au"},   {"ao", "au"},  {"c", "k"},    {"q", "C"},   {"j", "C"},   {"x", "X"},    {"z", "s"},   {"v", "f"},
    {"d", "t"},     {"b", "p"},    {"y", "i"},
}};

std::string sound_of(std::string_view word) {
  std::string sound;
  while (!word.empty()) {
    const auto found = std::find_if(kSpellings.begin(), kSpellings.end(),
                                    [&](const auto &spelling) { return word.starts_with(spelling.first); });
    const auto piece = found == kSpellings.end() ? word.substr(0, 1) : found->second;
    for (const char c : piece) {
      const bool mute = (c == 'h' && !sound.empty()) || (!sound.empty() && sound.back() == c);
      if (!mute) {
        sound += c;
      }
    }
    word.remove_prefix(found == kSpellings.end() ? 1 : found->first.size());
  }
  if (sound.size() > 2 && sound.back() == 'e') {
    sound.pop_back(); // mute e
  }
  return sound;
}

std::string consonants_of(const std::string &sound) {
  std::string key;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const char c = sound[i];
    const bool drop = is_vowel(c) && i > 0; // that there is a vowel at the start matters, not which
    if (!drop) {
      key += is_vowel(c) ? 'a' : c;
    }
  }
  return key;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

struct Word {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string folded;
  std::string sound;
};

std::vector<Word> words_of(const std::string &text) {
  std::vector<Word> words;
  for (std::size_t i = 0; i < text.size();) {
    auto end = i;
    while (end < text.size() &&
           (std::isalpha(static_cast<unsigned char>(text[end])) != 0 || (text[end] == '\'' && end > i))) {
      ++end;
    }
    if (end > i) {
      auto folded = fold(text.substr(i, end - i));
      auto sound = sound_of(folded);
      words.push_back({i, end, std::move(folded), std::move(sound)});
    }
    i = std::max(end, i + 1);
  }
  return words;
}

bool is_small_word(const std::string &word) {
  static const std::set<std::string, std::less<>> kSmall{
      "a",    "an",    "the",   "to",    "of",    "in",   "on",   "at",   "it",   "is",    "this",  "that", "and",
      "or",   "for",   "from",  "with",  "my",    "me",   "you",  "your", "his",  "her",   "its",   "be",   "by",
      "as",   "off",   "up",    "down",  "not",   "no",   "yes",  "do",   "does", "can",   "could", "will", "would",
      "what", "when",  "who",   "where", "how",   "all",  "one",  "two",  "ten",  "send",  "open",  "turn", "set",
      "call", "close", "share", "mail",  "email", "show", "play", "stop", "make", "please"};
  return kSmall.contains(word);
}

// 0: the same sound; 1: the same consonants and nearly the same vowels; 2: another word.
int unlike(const Word &heard, const Word &known) {
  if (heard.folded == known.folded || (heard.sound == known.sound && !is_small_word(heard.folded))) {
    return 0;
  }
  if (is_small_word(heard.folded) || consonants_of(heard.sound) != consonants_of(known.sound)) {
    return 2;
  }
  const auto longer = std::max(heard.sound.size(), known.sound.size());
  constexpr std::size_t kShort = 3; // of two letters one may not differ
  return longer >= kShort && edit_distance(heard.sound, known.sound) * 3 <= longer ? 1 : 2;
}

} // namespace

Repaired repair_english(const std::string &transcript, const std::vector<KnownWord> &known) {
  constexpr std::size_t kLongWord = 6; // a single short word is too easily met by chance
  Repaired result{transcript, {}};
  auto said = words_of(result.text);
  for (const auto &word : known) {
    const auto wanted = words_of(word.text);
    if (wanted.empty() || wanted.size() > said.size() || (wanted.size() == 1 && wanted[0].folded.size() < kLongWord)) {
      continue;
    }
    for (std::size_t at = 0; at + wanted.size() <= said.size(); ++at) {
      int worst = 0;
      bool exact = true;
      for (std::size_t k = 0; k < wanted.size() && worst < 2; ++k) {
        worst = std::max(worst, unlike(said[at + k], wanted[k]));
        exact = exact && said[at + k].folded == wanted[k].folded;
      }
      if (exact && worst < 2) {
        break; // it is there as it should be
      }
      // Another known word that is there as it should be is left alone.
      const auto begin = said[at].begin;
      const auto end = said[at + wanted.size() - 1].end;
      const auto heard = result.text.substr(begin, end - begin);
      const bool right = worst < 2 && std::any_of(known.begin(), known.end(), [&](const KnownWord &other) {
                           return fold(other.text) == fold(heard);
                         });
      if (worst < 2 && !right) {
        result.repairs.push_back({heard, word.text, begin});
        result.text.replace(begin, end - begin, word.text);
        said = words_of(result.text);
        break;
      }
    }
  }
  return result;
}

} // namespace yanxing::text
