// How a repair is chosen. For each known word, every window of the transcript of the same length is compared by sound.
// A window may be replaced where all of its syllables are near (the mean below kMeanLimit, each below kEachLimit), where
// it does not already hold a known word, and where at least one syllable sounds the same: that keeps chance likenesses
// out. Of all candidates the nearest, then the longest, wins; two different words at the same distance leave the window
// alone. English works the same on words, by a consonant key and edit distance.
#include "text/repair.h"

#include "text/evidence.h"
#include "text/utf8.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

namespace yanxing::text {
namespace {

constexpr double kMeanLimit = 0.16;
constexpr double kEachLimit = 0.4;

struct Candidate {
  std::size_t begin = 0; // code points (Chinese) or words (English)
  std::size_t length = 0;
  std::size_t word = 0; // index of the known word
  double distance = 0;
  double weight = 1;
};

// Words that people say in commands all the time: a name must not eat them by likeness of sound.
bool is_common(std::u32string_view window) {
  static const std::set<std::u32string, std::less<>> kCommon{
      U"这个", U"那个", U"打开", U"关闭", U"发给", U"一下", U"表格", U"文件", U"什么", U"今天", U"明天", U"时间", U"可以", U"我们", U"你们", U"他们",
      U"现在", U"提醒", U"音量", U"亮度", U"温度", U"设置", U"播放", U"下一", U"上一", U"没有", U"不要", U"谢谢", U"你好", U"撤销", U"取消", U"分钟",
      U"小时", U"点击", U"按钮", U"图片", U"截图", U"屏幕", U"开会", U"起床", U"空调", U"客厅", U"卧室", U"厨房", U"电视", U"窗帘", U"关掉", U"调到"};
  return kCommon.contains(std::u32string(window));
}

class ChineseRepair {
public:
  ChineseRepair(const Pinyin &pinyin, const std::vector<KnownWord> &known) : pinyin_(pinyin) {
    for (std::size_t i = 0; i < known.size(); ++i) {
      auto text = to_code_points(known[i].text);
      const bool all_han = text.size() >= 2 && text.size() <= 12 && std::all_of(text.begin(), text.end(), is_han);
      if (all_han) {
        words_.push_back({std::move(text), i, known[i].weight, {}});
        for (const char32_t c : words_.back().text) {
          words_.back().sounds.push_back(pinyin_.readings(c));
        }
      }
    }
  }

  Repaired repair(const std::string &transcript, const std::vector<KnownWord> &known) const {
    auto text = to_code_points(transcript);
    std::vector<std::vector<Syllable>> sounds;
    for (const char32_t c : text) {
      sounds.push_back(is_han(c) ? pinyin_.readings(c) : std::vector<Syllable>{});
    }
    std::vector<bool> fixed = exact_words(text);
    Repaired result;
    for (const auto &candidate : best_first(candidates(text, sounds, fixed))) {
      const bool overlaps = std::any_of(fixed.begin() + static_cast<std::ptrdiff_t>(candidate.begin),
                                        fixed.begin() + static_cast<std::ptrdiff_t>(candidate.begin + candidate.length), [](bool f) { return f; });
      if (overlaps) {
        continue;
      }
      const auto to = to_code_points(known[candidate.word].text);
      const auto from = text.substr(candidate.begin, candidate.length);
      std::copy(to.begin(), to.end(), text.begin() + static_cast<std::ptrdiff_t>(candidate.begin));
      std::fill_n(fixed.begin() + static_cast<std::ptrdiff_t>(candidate.begin), candidate.length, true);
      result.repairs.push_back({to_utf8(from), known[candidate.word].text, to_utf8(text.substr(0, candidate.begin)).size()});
    }
    result.text = to_utf8(text);
    return result;
  }

private:
  struct Word {
    std::u32string text;
    std::size_t index;
    double weight;
    std::vector<std::vector<Syllable>> sounds;
  };

  [[nodiscard]] std::vector<bool> exact_words(const std::u32string &text) const {
    std::vector<bool> fixed(text.size(), false);
    for (const auto &word : words_) {
      for (auto at = text.find(word.text); at != std::u32string::npos; at = text.find(word.text, at + 1)) {
        std::fill_n(fixed.begin() + static_cast<std::ptrdiff_t>(at), word.text.size(), true);
      }
    }
    for (std::size_t at = 0; at + 2 <= text.size(); ++at) {
      if (is_common(std::u32string_view(text).substr(at, 2))) {
        std::fill_n(fixed.begin() + static_cast<std::ptrdiff_t>(at), 2, true);
      }
    }
    return fixed;
  }

  static double nearest(const std::vector<Syllable> &a, const std::vector<Syllable> &b) {
    double best = 1;
    for (const auto &x : a) {
      for (const auto &y : b) {
        best = std::min(best, sound_distance(x, y));
      }
    }
    return best;
  }

  [[nodiscard]] std::vector<Candidate> candidates(const std::u32string &text, const std::vector<std::vector<Syllable>> &sounds,
                                                  const std::vector<bool> &fixed) const {
    std::vector<Candidate> all;
    for (const auto &word : words_) {
      const auto length = word.text.size();
      for (std::size_t at = 0; at + length <= text.size(); ++at) {
        double sum = 0;
        bool near = true;
        bool same_sound = false;
        for (std::size_t k = 0; k < length && near; ++k) {
          const double d = fixed[at + k] || sounds[at + k].empty() ? 1 : nearest(sounds[at + k], word.sounds[k]);
          near = d < kEachLimit && sum + d < kMeanLimit * static_cast<double>(length);
          same_sound = same_sound || d == 0;
          sum += d;
        }
        if (near && same_sound) {
          all.push_back({at, length, word.index, sum / static_cast<double>(length), word.weight});
        }
      }
    }
    return all;
  }

  // Ties between different words are dropped: a guess would be silent.
  static std::vector<Candidate> best_first(std::vector<Candidate> all) {
    const auto better = [](const Candidate &a, const Candidate &b) {
      return std::tuple(a.distance / a.weight, ~a.length, a.begin) < std::tuple(b.distance / b.weight, ~b.length, b.begin);
    };
    std::stable_sort(all.begin(), all.end(), better);
    std::vector<Candidate> kept;
    for (const auto &candidate : all) {
      const bool tied = std::any_of(all.begin(), all.end(), [&](const Candidate &other) {
        return other.word != candidate.word && other.begin == candidate.begin && other.length == candidate.length &&
               other.distance == candidate.distance && other.weight == candidate.weight;
      });
      if (!tied) {
        kept.push_back(candidate);
      }
    }
    return kept;
  }

  const Pinyin &pinyin_;
  std::vector<Word> words_;
};

// Consonants as they sound, vowels dropped but for the first: "lee" and "li", "smith" and "smyth" meet.
std::string sound_key(const std::string &word) {
  std::string key;
  for (std::size_t i = 0; i < word.size(); ++i) {
    char c = word[i];
    const char next = i + 1 < word.size() ? word[i + 1] : '\0';
    if (c == 'p' && next == 'h') {
      c = 'f';
      ++i;
    } else if ((c == 'c' && next == 'k') || (c == 'g' && next == 'h') || (c == 'w' && next == 'h')) {
      ++i;
      c = c == 'c' ? 'k' : c == 'w' ? 'w' : 'g';
    } else if (c == 'c') {
      c = next == 'e' || next == 'i' || next == 'y' ? 's' : next == 'h' ? 'j' : 'k';
    } else if (c == 'q') {
      c = 'k';
    } else if (c == 'z') {
      c = 's';
    } else if (c == 'v') {
      c = 'f';
    } else if (c == 'd') {
      c = 't';
    } else if (c == 'b') {
      c = 'p';
    }
    const bool vowel = std::string_view("aeiouyhw").find(c) != std::string_view::npos;
    if (vowel && i > 0) {
      continue;
    }
    if (key.empty() || key.back() != (vowel ? 'a' : c)) {
      key += vowel ? 'a' : c;
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

struct EnglishWord {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string folded;
};

std::vector<EnglishWord> english_words(const std::string &text) {
  std::vector<EnglishWord> words;
  for (std::size_t i = 0; i < text.size();) {
    auto end = i;
    while (end < text.size() && (std::isalpha(static_cast<unsigned char>(text[end])) != 0 || text[end] == '\'')) {
      ++end;
    }
    if (end > i) {
      words.push_back({i, end, fold(text.substr(i, end - i))});
    }
    i = std::max(end, i + 1);
  }
  return words;
}

// Near enough to be one word misheard: the same consonants, and few letters changed.
bool heard_alike(const std::string &heard, const std::string &known) {
  if (heard == known) {
    return true;
  }
  const auto longer = std::max(heard.size(), known.size());
  return longer >= 2 && sound_key(heard) == sound_key(known) && edit_distance(heard, known) * 2 <= longer;
}

Repaired repair_english(const std::string &transcript, const std::vector<KnownWord> &known) {
  Repaired result{transcript, {}};
  for (const auto &word : known) {
    const auto wanted = english_words(word.text);
    // A single word is too easily met by chance: names of two words and more, or one long word.
    constexpr std::size_t kLongWord = 6;
    if (wanted.empty() || (wanted.size() == 1 && wanted[0].folded.size() < kLongWord) || find_mention(fold(result.text), word.text).value_or(Mention{}).score >= 1) {
      continue;
    }
    const auto said = english_words(result.text);
    for (std::size_t at = 0; at + wanted.size() <= said.size(); ++at) {
      bool alike = true;
      for (std::size_t k = 0; k < wanted.size() && alike; ++k) {
        alike = heard_alike(said[at + k].folded, wanted[k].folded);
      }
      if (alike) {
        const auto begin = said[at].begin;
        const auto end = said[at + wanted.size() - 1].end;
        result.repairs.push_back({result.text.substr(begin, end - begin), word.text, begin});
        result.text.replace(begin, end - begin, word.text);
        break;
      }
    }
  }
  return result;
}

} // namespace

struct Repairer::Impl {
  std::shared_ptr<const Pinyin> pinyin;
};

Repairer::Repairer(std::shared_ptr<const Pinyin> pinyin) : impl_(std::make_unique<Impl>()) { impl_->pinyin = std::move(pinyin); }
Repairer::~Repairer() = default;

Repaired Repairer::repair(const std::string &transcript, const std::vector<KnownWord> &known) const {
  if (language_of(transcript) == Language::kChinese) {
    return ChineseRepair(*impl_->pinyin, known).repair(transcript, known);
  }
  return repair_english(transcript, known);
}

} // namespace yanxing::text
