// How a repair is chosen. For each known word, every window of the transcript of the same length is compared by sound.
// A window may be replaced where all of its syllables are near (the mean below kMeanLimit, each below kEachLimit),
// where at least one syllable is the same but for its tone, and where no character changes that belongs to a known word
// or to a common one: that keeps chance likenesses out. Of all candidates the nearest, then the longest, wins; two
// different words at the same distance leave the window alone.
#include "text/repair.h"

#include "base/shapes.h"
#include "text/common_words.h"
#include "text/repair_english.h"
#include "text/utf8.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_map>

namespace yanxing::text {
namespace {

constexpr float kMeanLimit = 0.16F;
constexpr float kEachLimit = 0.4F;
constexpr float kToneOnly = 0.11F; // a distance up to this is the same syllable in another tone

// A syllable as three small numbers, so that a comparison is two look-ups.
struct Sound {
  std::uint8_t initial;
  std::uint8_t final_;
  std::uint8_t tone;
};

class Ear {
public:
  explicit Ear(const Pinyin &pinyin) : pinyin_(pinyin) {}

  const std::vector<Sound> &sounds(char32_t character) {
    const auto [place, fresh] = sounds_.try_emplace(character);
    if (fresh && is_han(character)) {
      for (const auto &syllable : pinyin_.readings(character)) {
        place->second.push_back({index_of(syllable.initial, initials_), index_of(syllable.final_, finals_),
                                 static_cast<std::uint8_t>(syllable.tone)});
      }
    }
    return place->second;
  }

  // Distance of the two nearest readings.
  float distance(const std::vector<Sound> &a, const std::vector<Sound> &b) {
    float best = 1;
    for (const auto x : a) {
      for (const auto y : b) {
        const float parts = part(x.initial, y.initial, initials_, initial_distance_, true) +
                            part(x.final_, y.final_, finals_, final_distance_, false);
        best = std::min(best, parts >= best || x.tone == y.tone || x.tone == kNeutral || y.tone == kNeutral
                                  ? parts
                                  : parts + tone_);
      }
    }
    return best;
  }

private:
  static constexpr std::size_t kParts = 64; // more than there are initials or finals
  static constexpr std::uint8_t kNeutral = 5;
  using Distances = std::array<float, kParts * kParts>;

  static std::uint8_t index_of(const std::string &part, std::vector<std::string> &parts) {
    const auto found = std::find(parts.begin(), parts.end(), part);
    if (found != parts.end()) {
      return static_cast<std::uint8_t>(found - parts.begin());
    }
    if (parts.size() + 1 < kParts) {
      parts.push_back(part);
    }
    return static_cast<std::uint8_t>(parts.size() - 1);
  }

  // sound_distance is the sum of three parts; each is asked for once.
  static float part(std::uint8_t a, std::uint8_t b, const std::vector<std::string> &names, Distances &known,
                    bool initial) {
    float &value = known[a * kParts + b];
    if (value == 0 && a != b) {
      const auto syllable = [&](std::uint8_t i) {
        return initial ? Syllable{names[i], "a", 1} : Syllable{"", names[i], 1};
      };
      value = static_cast<float>(sound_distance(syllable(a), syllable(b)));
    }
    return value;
  }

  const Pinyin &pinyin_;
  const float tone_ = static_cast<float>(sound_distance({"", "a", 1}, {"", "a", 2}));
  std::vector<std::string> initials_;
  std::vector<std::string> finals_;
  Distances initial_distance_{};
  Distances final_distance_{};
  std::unordered_map<char32_t, std::vector<Sound>> sounds_;
};

struct Word {
  std::u32string text;
  const KnownWord *known;
  std::vector<const std::vector<Sound> *> sounds;
};

struct Candidate {
  std::size_t begin = 0; // code points
  const Word *word = nullptr;
  float distance = 0; // mean of its syllables
};

class ChineseRepair {
public:
  ChineseRepair(const Pinyin &pinyin, const std::vector<KnownWord> &known, const std::string &transcript)
      : ear_(pinyin), text_(to_code_points(transcript)) {
    constexpr std::size_t kLongest = 12;
    for (const auto &word : known) {
      auto text = to_code_points(word.text);
      if (text.size() >= 2 && text.size() <= std::min(kLongest, text_.size()) &&
          std::all_of(text.begin(), text.end(), is_han)) {
        words_.push_back({std::move(text), &word, {}});
        for (const char32_t c : words_.back().text) {
          words_.back().sounds.push_back(&ear_.sounds(c));
        }
      }
    }
    for (const char32_t c : text_) {
      heard_.push_back(&ear_.sounds(c));
    }
    mark_right_words();
  }

  Repaired repair() {
    Repaired result;
    std::vector<bool> taken(text_.size(), false);
    for (const auto &candidate : best_first()) {
      const auto begin = taken.begin() + static_cast<std::ptrdiff_t>(candidate.begin);
      const auto length = candidate.word->text.size();
      if (std::any_of(begin, begin + static_cast<std::ptrdiff_t>(length), [](bool t) { return t; })) {
        continue;
      }
      std::fill_n(begin, length, true);
      if (candidate.distance >= 0) { // else two words fit as well: left alone
        result.repairs.push_back(
            {to_utf8(text_.substr(candidate.begin, length)), candidate.word->known->text, candidate.begin});
        text_.replace(candidate.begin, length, candidate.word->text);
      }
    }
    for (auto &repair : result.repairs) { // bytes only now: a character may have become one of another length
      repair.at = to_utf8(text_.substr(0, repair.at)).size();
    }
    result.text = to_utf8(text_);
    return result;
  }

private:
  // Characters of known and of common words stay what they are, whatever else they sound like.
  void mark_right_words() {
    right_.assign(text_.size(), false);
    const auto mark = [&](std::size_t at, std::size_t length) {
      std::fill_n(right_.begin() + static_cast<std::ptrdiff_t>(at), length, true);
    };
    for (const auto &word : words_) {
      for (auto at = text_.find(word.text); at != std::u32string::npos; at = text_.find(word.text, at + 1)) {
        mark(at, word.text.size());
      }
    }
    for (std::size_t at = 0; at + 2 <= text_.size(); ++at) {
      if (is_common_word(std::u32string_view(text_).substr(at, 2))) {
        mark(at, 2);
      }
    }
  }

  void look_for(const Word &word, std::vector<Candidate> &found) {
    const auto length = word.text.size();
    const float limit = kMeanLimit * static_cast<float>(length);
    for (std::size_t at = 0; at + length <= text_.size(); ++at) {
      float sum = 0;
      bool same_sound = false;
      bool changes = false;
      for (std::size_t k = 0; k < length && sum < limit; ++k) {
        const bool kept = text_[at + k] == word.text[k];
        const float d = kept ? 0 : right_[at + k] ? 1 : ear_.distance(*heard_[at + k], *word.sounds[k]);
        same_sound = same_sound || d <= kToneOnly;
        changes = changes || !kept;
        sum += d < kEachLimit ? d : limit;
      }
      if (sum < limit && same_sound && changes) {
        found.push_back({at, &word, sum / static_cast<float>(length)});
      }
    }
  }

  // Nearest first. Where two different words fit a window equally well, one entry of negative distance holds its place.
  std::vector<Candidate> best_first() {
    std::vector<Candidate> all;
    for (const auto &word : words_) {
      look_for(word, all);
    }
    const auto rank = [](const Candidate &c) {
      return std::tuple(c.distance / static_cast<float>(c.word->known->weight), ~c.word->text.size(), c.begin);
    };
    std::stable_sort(all.begin(), all.end(), [&](const Candidate &a, const Candidate &b) { return rank(a) < rank(b); });
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
      const bool tied = rank(all[i]) == rank(all[i + 1]) && all[i].word->text != all[i + 1].word->text;
      if (tied) {
        all[i].distance = -1;
      }
    }
    return all;
  }

  Ear ear_;
  std::u32string text_;
  std::vector<Word> words_;
  std::vector<const std::vector<Sound> *> heard_; // readings of each character of text_
  std::vector<bool> right_;
};

} // namespace

struct Repairer::Impl {
  std::shared_ptr<const Pinyin> pinyin;
};

Repairer::Repairer(std::shared_ptr<const Pinyin> pinyin) : impl_(std::make_unique<Impl>()) {
  impl_->pinyin = std::move(pinyin);
}
Repairer::~Repairer() = default;

Repaired Repairer::repair(const std::string &transcript, const std::vector<KnownWord> &known) const {
  if (language_of(transcript) == Language::kChinese) {
    return ChineseRepair(*impl_->pinyin, known, transcript).repair();
  }
  return repair_english(transcript, known);
}

} // namespace yanxing::text
