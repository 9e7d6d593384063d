// Words are compared by how they sound when read as English: spellings of one sound are folded into one ("lee", "li",
// "leigh"), then a weighted edit distance counts what ears confuse as less (vowels, m/n, a stop lost at the end). A
// phrase of which a word was heard right may differ more in the others ("light rose" → light roast) than a word on its
// own. Small words (to, it, this) are never changed.
#include "text/repair_english.h"

#include "text/common_words.h"
#include "text/evidence.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <tuple>
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

// What it costs to hear `a` as `b`.
double confusion(char a, char b) {
  static constexpr std::array<std::string_view, 6> kAlike{"mn", "kC", "sX", "sC", "rl", "pf"};
  constexpr double kSimilar = 0.4;
  if (a == b) {
    return 0;
  }
  const bool alike =
      (is_vowel(a) && is_vowel(b)) || std::any_of(kAlike.begin(), kAlike.end(), [&](std::string_view pair) {
        return pair.find(a) != pair.npos && pair.find(b) != pair.npos;
      });
  return alike ? kSimilar : 1;
}

// What it costs to miss a sound, or to hear one that is not there.
double loss(char c) { return is_vowel(c) || std::string_view("tkph").find(c) != std::string_view::npos ? 0.5 : 1; }

// 0: the same; 1: nothing in common.
double sound_difference(std::string_view a, std::string_view b) {
  std::vector<double> row(b.size() + 1, 0);
  for (std::size_t j = 1; j <= b.size(); ++j) {
    row[j] = row[j - 1] + loss(b[j - 1]);
  }
  for (const char heard : a) {
    auto diagonal = std::exchange(row[0], row[0] + loss(heard));
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = std::min({above + loss(heard), row[j - 1] + loss(b[j - 1]), diagonal + confusion(heard, b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()] / static_cast<double>(std::max<std::size_t>(1, std::max(a.size(), b.size())));
}

struct HeardWord {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string folded;
  std::string sound;
};

std::vector<HeardWord> sounds_of(const std::string &text) {
  std::vector<HeardWord> words;
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
      "a",     "an",     "the",   "to",   "of",   "in",    "on",    "at",    "it",    "is",   "this", "that",
      "and",   "or",     "for",   "from", "with", "my",    "me",    "you",   "your",  "his",  "her",  "its",
      "be",    "by",     "as",    "off",  "up",   "down",  "not",   "no",    "yes",   "do",   "does", "can",
      "could", "will",   "would", "what", "when", "who",   "where", "how",   "all",   "one",  "two",  "ten",
      "send",  "open",   "turn",  "set",  "call", "close", "share", "mail",  "email", "show", "play", "stop",
      "make",  "please", "every", "each", "any",  "some",  "many",  "which", "both",  "other"};
  return kSmall.contains(word);
}

// 1 where it may not be taken for the other at all.
double unlike(const HeardWord &heard, const HeardWord &known) {
  if (heard.folded == known.folded) {
    return 0;
  }
  return is_small_word(heard.folded) ? 1 : sound_difference(heard.sound, known.sound);
}

bool is_plural_of(const std::string &many, const std::string &one) {
  const bool ends_in_y = one.size() > 1 && one.back() == 'y';
  return many == one + "s" || many == one + "es" || (ends_in_y && many == one.substr(0, one.size() - 1) + "ies");
}
bool is_inflection(const std::string &a, const std::string &b) { return is_plural_of(a, b) || is_plural_of(b, a); }

constexpr double kNoFit = 1;

// How far these words are from the phrase: 0 where they already name it, kNoFit where they cannot stand for it. A
// common word is what it is, unless a word beside it speaks for the phrase: one that was heard right, or one that is no
// word at all.
double distance_to(const HeardWord *heard, const std::vector<HeardWord> &wanted) {
  constexpr double kBesideRightWord = 0.3;
  constexpr double kAlone = 0.2;
  double worst = 0;
  bool some_right = false;
  bool all_common = true;
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    const bool right = heard[k].folded == wanted[k].folded || is_inflection(heard[k].folded, wanted[k].folded);
    some_right = some_right || (right && !is_small_word(heard[k].folded));
    all_common = all_common && is_common_english_word(heard[k].folded);
    worst = std::max(worst, right ? 0 : std::max(1e-3, unlike(heard[k], wanted[k])));
  }
  if (worst > 0 && all_common && !some_right) {
    return kNoFit;
  }
  return worst <= (some_right ? kBesideRightWord : kAlone) ? worst : kNoFit;
}

struct Known {
  const KnownWord *word = nullptr;
  std::vector<HeardWord> sounds;
  bool said = false; // it stands in the sentence as it should be
};

struct Fit {
  double distance = kNoFit;
  std::size_t at = 0; // first word
  const Known *known = nullptr;
};

} // namespace

Repaired repair_english(const std::string &transcript, const std::vector<KnownWord> &known) {
  constexpr std::size_t kLongWord = 5; // a single short word is too easily met by chance
  Repaired result{transcript, {}};
  const auto said = sounds_of(transcript);
  std::vector<Known> phrases;
  for (const auto &word : known) {
    auto sounds = sounds_of(word.text);
    const bool usable =
        !sounds.empty() && sounds.size() <= said.size() && (sounds.size() > 1 || sounds[0].folded.size() >= kLongWord);
    if (usable) {
      phrases.push_back({&word, std::move(sounds)});
    }
  }
  std::vector<bool> right(said.size(), false); // words of known phrases that were heard right
  std::vector<Fit> fits;
  for (auto &phrase : phrases) {
    for (std::size_t at = 0; at + phrase.sounds.size() <= said.size(); ++at) {
      const double distance = distance_to(&said[at], phrase.sounds);
      if (distance == 0) {
        phrase.said = true;
        std::fill_n(right.begin() + static_cast<std::ptrdiff_t>(at), phrase.sounds.size(), true);
      } else if (distance < kNoFit) {
        fits.push_back({distance, at, &phrase});
      }
    }
  }
  std::stable_sort(fits.begin(), fits.end(), [](const Fit &a, const Fit &b) {
    const auto words = [](const Fit &fit) { return fit.known->sounds.size(); };
    return std::tuple(-static_cast<long>(words(a)), a.distance) < std::tuple(-static_cast<long>(words(b)), b.distance);
  });
  std::vector<bool> taken(said.size(), false);
  std::vector<Fit> chosen;
  for (const auto &fit : fits) {
    const auto &sounds = fit.known->sounds;
    bool free = !fit.known->said; // a word that is right may stay in a longer phrase, not become another
    for (std::size_t k = 0; k < sounds.size() && free; ++k) {
      const auto at = fit.at + k;
      free = !taken[at] && (!right[at] || said[at].folded == sounds[k].folded);
    }
    if (free) {
      std::fill_n(taken.begin() + static_cast<std::ptrdiff_t>(fit.at), sounds.size(), true);
      chosen.push_back(fit);
    }
  }
  std::sort(chosen.begin(), chosen.end(), [](const Fit &a, const Fit &b) { return a.at > b.at; });
  for (const auto &fit : chosen) { // from the back, so that places before stay right
    const auto begin = said[fit.at].begin;
    const auto end = said[fit.at + fit.known->sounds.size() - 1].end;
    result.repairs.insert(result.repairs.begin(),
                          {transcript.substr(begin, end - begin), fit.known->word->text, begin});
    result.text.replace(begin, end - begin, fit.known->word->text);
  }
  std::size_t grown = 0; // may wrap around, as a sum of unsigned differences does
  for (auto &repair : result.repairs) {
    repair.at += grown;
    grown += repair.to.size() - repair.from.size();
  }
  return result;
}

} // namespace yanxing::text
