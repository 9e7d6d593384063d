#include "text/pinyin.h"

#include "base/log.h"
#include "text/string_table.h"
#include "text/utf8.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <span>
#include <unordered_map>

namespace yanxing::text {
namespace {

struct Marked {
  char32_t letter;
  char plain;
  int tone;
};
constexpr std::array kMarked{
    Marked{U'ā', 'a', 1}, Marked{U'á', 'a', 2}, Marked{U'ǎ', 'a', 3}, Marked{U'à', 'a', 4}, Marked{U'ē', 'e', 1},
    Marked{U'é', 'e', 2}, Marked{U'ě', 'e', 3}, Marked{U'è', 'e', 4}, Marked{U'ī', 'i', 1}, Marked{U'í', 'i', 2},
    Marked{U'ǐ', 'i', 3}, Marked{U'ì', 'i', 4}, Marked{U'ō', 'o', 1}, Marked{U'ó', 'o', 2}, Marked{U'ǒ', 'o', 3},
    Marked{U'ò', 'o', 4}, Marked{U'ū', 'u', 1}, Marked{U'ú', 'u', 2}, Marked{U'ǔ', 'u', 3}, Marked{U'ù', 'u', 4},
    Marked{U'ǖ', 'v', 1}, Marked{U'ǘ', 'v', 2}, Marked{U'ǚ', 'v', 3}, Marked{U'ǜ', 'v', 4}, Marked{U'ü', 'v', 5},
    Marked{U'ń', 'n', 2}, Marked{U'ň', 'n', 3}, Marked{U'ǹ', 'n', 4}, Marked{U'ḿ', 'm', 2}, Marked{U'ê', 'e', 5}};

// Spelling rules of Hanyu Pinyin undone: y and w are no initials, iu ui un are short forms, ü after j q x is written u.
Syllable normal(std::string letters, int tone) {
  Syllable syllable;
  syllable.tone = tone;
  static const std::map<std::string, std::string, std::less<>> kWhole{
      {"yi", "i"},    {"ya", "ia"},     {"yan", "ian"}, {"yang", "iang"}, {"yao", "iao"},   {"ye", "ie"},
      {"yin", "in"},  {"ying", "ing"},  {"yo", "io"},   {"yong", "iong"}, {"you", "iou"},   {"yu", "v"},
      {"yue", "ve"},  {"yuan", "van"},  {"yun", "vn"},  {"wu", "u"},      {"wa", "ua"},     {"wai", "uai"},
      {"wan", "uan"}, {"wang", "uang"}, {"wei", "uei"}, {"wen", "uen"},   {"weng", "ueng"}, {"wo", "uo"}};
  if (const auto whole = kWhole.find(letters); whole != kWhole.end()) {
    syllable.final_ = whole->second;
    return syllable;
  }
  static constexpr std::string_view kInitials = "bpmfdtnlgkhjqxrzcs";
  if (letters.size() > 1 && (letters.starts_with("zh") || letters.starts_with("ch") || letters.starts_with("sh"))) {
    syllable.initial = letters.substr(0, 2);
  } else if (letters.size() > 1 && kInitials.find(letters[0]) != std::string_view::npos) {
    syllable.initial = letters.substr(0, 1);
  }
  auto rest = letters.substr(syllable.initial.size());
  const bool palatal = syllable.initial == "j" || syllable.initial == "q" || syllable.initial == "x";
  if (palatal && rest.starts_with("u")) {
    rest[0] = 'v';
  }
  syllable.final_ = rest == "iu" ? "iou" : rest == "ui" ? "uei" : rest == "un" ? "uen" : rest;
  return syllable;
}

Syllable from_marked(std::string_view marked) {
  std::string letters;
  int tone = 5;
  for (const char32_t c : to_code_points(marked)) {
    const auto found = std::find_if(kMarked.begin(), kMarked.end(), [&](const Marked &m) { return m.letter == c; });
    if (found != kMarked.end()) {
      letters += found->plain;
      tone = found->tone == 5 ? tone : found->tone;
    } else if (c >= U'a' && c <= U'z') {
      letters += static_cast<char>(c);
    }
  }
  return normal(std::move(letters), tone);
}

class Table final : public Pinyin {
public:
  explicit Table(std::filesystem::path folder) : folder_(std::move(folder)) {}

  Status load_characters() {
    std::unordered_map<std::string, Id> seen;
    return for_each_string(folder_ / "pinyin_dict.json",
                           [&](const std::string &code, const std::string &, const std::string &readings) {
                             auto &ids = characters_[static_cast<char32_t>(std::strtoul(code.c_str(), nullptr, 10))];
                             for (std::size_t at = 0; at < readings.size();) {
                               const auto comma = std::min(readings.find(',', at), readings.size());
                               ids.push_back(id_of(readings.substr(at, comma - at), seen, syllables_));
                               at = comma + 1;
                             }
                           });
  }

  [[nodiscard]] std::size_t phrase_length(const std::u32string &text, std::size_t at) const override {
    std::call_once(phrases_once_, [this] { load_phrases(); });
    return longest_phrase(text, at).size();
  }

  // Only reading in context needs the phrases: they are loaded then, and a text is read without them where they are
  // missing or broken.
  void load_phrases() const {
    std::unordered_map<std::string, Id> seen;
    std::string current;
    std::vector<Id> ids;
    phrases_.reserve(50000);
    const auto close = [&] {
      auto text = to_code_points(current);
      if (!ids.empty() && text.size() == ids.size()) {
        longest_ = std::max(longest_, text.size());
        phrases_.emplace(std::move(text), std::move(ids));
      }
      ids.clear();
    };
    const auto loaded = for_each_string(
        folder_ / "phrases_dict.json", [&](const std::string &phrase, const std::string &, const std::string &reading) {
          if (phrase != current) {
            close();
            current = phrase;
          }
          ids.push_back(id_of(reading, seen, phrase_syllables_));
        });
    close();
    if (!loaded) {
      log_warning(loaded.error().message());
    }
  }

  [[nodiscard]] std::vector<Syllable> readings(char32_t character) const override {
    std::vector<Syllable> all;
    if (const auto found = characters_.find(character); found != characters_.end()) {
      for (const auto id : found->second) {
        all.push_back(syllables_[id]);
      }
    }
    return all;
  }

  [[nodiscard]] std::vector<Syllable> read(std::string_view utf8) const override {
    std::call_once(phrases_once_, [this] { load_phrases(); });
    const auto text = to_code_points(utf8);
    std::vector<Syllable> syllables;
    syllables.reserve(text.size());
    while (syllables.size() < text.size()) {
      const auto at = syllables.size();
      const auto phrase = longest_phrase(text, at);
      if (phrase.empty()) {
        const auto found = characters_.find(text[at]);
        syllables.push_back(found == characters_.end() || found->second.empty() ? Syllable{}
                                                                                : syllables_[found->second.front()]);
      }
      for (const auto id : phrase) {
        syllables.push_back(phrase_syllables_[id]);
      }
    }
    return syllables;
  }

private:
  using Id = std::uint16_t; // of a distinct syllable: there are about 1500

  static Id id_of(const std::string &marked, std::unordered_map<std::string, Id> &seen, std::vector<Syllable> &pool) {
    const auto [place, fresh] = seen.try_emplace(marked, static_cast<Id>(pool.size()));
    if (fresh) {
      pool.push_back(from_marked(marked));
    }
    return place->second;
  }

  [[nodiscard]] std::span<const Id> longest_phrase(const std::u32string &text, std::size_t at) const {
    for (auto length = std::min(longest_, text.size() - at); length >= 2; --length) {
      if (const auto found = phrases_.find(text.substr(at, length)); found != phrases_.end()) {
        return found->second;
      }
    }
    return {};
  }

  std::filesystem::path folder_;
  std::unordered_map<char32_t, std::vector<Id>> characters_; // most common reading first
  std::vector<Syllable> syllables_;
  mutable std::once_flag phrases_once_;
  mutable std::vector<Syllable> phrase_syllables_; // a pool of its own: readings() may run beside the loading
  mutable std::unordered_map<std::u32string, std::vector<Id>> phrases_;
  mutable std::size_t longest_ = 0;
};

bool is_pair(const std::string &a, const std::string &b, std::string_view x, std::string_view y) {
  return (a == x && b == y) || (a == y && b == x);
}

double initial_distance(const std::string &a, const std::string &b) {
  if (a == b) {
    return 0;
  }
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kNear{
      {{"zh", "z"}, {"ch", "c"}, {"sh", "s"}, {"n", "l"}, {"h", "f"}, {"r", "l"}}};
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kSimilar{{{"b", "p"},
                                                                                          {"d", "t"},
                                                                                          {"g", "k"},
                                                                                          {"j", "q"},
                                                                                          {"zh", "ch"},
                                                                                          {"z", "c"},
                                                                                          {"j", "zh"},
                                                                                          {"q", "ch"},
                                                                                          {"x", "sh"}}};
  for (const auto &[x, y] : kNear) {
    if (is_pair(a, b, x, y)) {
      return 0.15;
    }
  }
  for (const auto &[x, y] : kSimilar) {
    if (is_pair(a, b, x, y)) {
      return 0.5;
    }
  }
  return 1;
}

double final_distance(const std::string &a, const std::string &b) {
  if (a == b) {
    return 0;
  }
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNear{{{"in", "ing"},
                                                                                       {"en", "eng"},
                                                                                       {"an", "ang"},
                                                                                       {"uan", "uang"},
                                                                                       {"ian", "iang"},
                                                                                       {"uen", "ong"},
                                                                                       {"eng", "ong"},
                                                                                       {"uo", "o"}}};
  for (const auto &[x, y] : kNear) {
    if (is_pair(a, b, x, y)) {
      return 0.15;
    }
  }
  // Same ending, other glide: ian and an, iao and ao.
  const auto &longer = a.size() > b.size() ? a : b;
  const auto &shorter = a.size() > b.size() ? b : a;
  return longer.size() == shorter.size() + 1 && longer.ends_with(shorter) ? 0.5 : 1;
}

} // namespace

Result<std::shared_ptr<const Pinyin>> Pinyin::open(const std::filesystem::path &folder) {
  auto table = std::make_shared<Table>(folder);
  if (auto loaded = table->load_characters(); !loaded) {
    return loaded.error();
  }
  return std::shared_ptr<const Pinyin>(std::move(table));
}

double sound_distance(const Syllable &a, const Syllable &b) {
  const double tone = a.tone == b.tone || a.tone == 5 || b.tone == 5 ? 0 : 0.1;
  return std::min(1.0,
                  0.45 * initial_distance(a.initial, b.initial) + 0.45 * final_distance(a.final_, b.final_) + tone);
}

} // namespace yanxing::text
