#include "sim/noise.h"

#include "text/utf8.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

namespace yanxing::sim {
namespace {

void collect(const std::vector<Node> &nodes, std::set<char32_t> &characters) {
  for (const auto &node : nodes) {
    for (const char32_t c : text::to_code_points(node.text)) {
      if (text::is_han(c)) {
        characters.insert(c);
      }
    }
    for (const auto &option : node.options) {
      collect(option, characters);
    }
  }
}

std::set<char32_t> characters_of(const Knowledge &knowledge) {
  std::set<char32_t> characters;
  for (const auto &domain : knowledge.domains) {
    for (const auto &tool : domain.tools) {
      for (const auto &pattern : tool.zh) {
        collect(pattern.nodes, characters);
      }
    }
  }
  const auto add = [&](const std::string &text) {
    for (const char32_t c : text::to_code_points(text)) {
      if (text::is_han(c)) {
        characters.insert(c);
      }
    }
  };
  for (const auto &[name, list] : knowledge.lists) {
    for (const auto &entry : *list) {
      std::for_each(entry.zh.begin(), entry.zh.end(), add);
    }
  }
  for (const auto *key : {"zh_surnames", "zh_given", "zh_titles", "zh_common"}) {
    const auto &words = knowledge.words_of(key);
    std::for_each(words.begin(), words.end(), add);
  }
  return characters;
}

// zh z, in ing, n l … fall together, as they do in many accents.
std::string sound_key(const text::Syllable &syllable, bool coarse) {
  auto initial = syllable.initial;
  auto rest = syllable.final_;
  if (coarse) {
    initial = initial == "zh" ? "z" : initial == "ch" ? "c" : initial == "sh" ? "s" : initial;
    rest = rest == "ing" ? "in" : rest == "eng" ? "en" : rest == "ang" ? "an" : rest;
  }
  return initial + rest;
}

} // namespace

Noise::Noise(const Knowledge &knowledge, std::shared_ptr<const text::Pinyin> pinyin)
    : dropped_zh_(knowledge.words_of("zh_small")), dropped_en_(knowledge.words_of("en_small")) {
  for (const auto &line : knowledge.words_of("en_sound_alikes")) { // "light lite right"
    std::vector<std::string> words;
    for (std::size_t begin = 0; begin < line.size();) {
      const auto end = std::min(line.find(' ', begin), line.size());
      words.push_back(line.substr(begin, end - begin));
      begin = end + 1;
    }
    for (const auto &word : words) {
      for (const auto &other : words) {
        if (other != word) {
          sound_alikes_[word].push_back(other);
        }
      }
    }
  }
  if (pinyin == nullptr) {
    return;
  }
  std::map<std::string, std::vector<char32_t>> by_sound;
  const auto characters = characters_of(knowledge);
  for (const bool coarse : {false, true}) {
    by_sound.clear();
    for (const char32_t c : characters) {
      if (const auto readings = pinyin->readings(c); !readings.empty()) {
        by_sound[sound_key(readings[0], coarse)].push_back(c);
      }
    }
    for (const auto &[sound, same] : by_sound) {
      for (const char32_t c : same) {
        for (const char32_t other : same) {
          if (other != c) {
            homophones_[c].push_back(other); // exact ones stand in it twice
          }
        }
      }
    }
  }
}

bool Noise::disturb_chinese(std::string &utf8, Random &random) const {
  if (random.chance(0.2)) {
    const auto &small = random.pick(dropped_zh_);
    if (const auto at = utf8.find(small); at != std::string::npos && utf8.size() > small.size()) {
      utf8.erase(at, small.size());
      return true;
    }
  }
  auto text = text::to_code_points(utf8);
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (homophones_.contains(text[i])) {
      places.push_back(i);
    }
  }
  if (places.empty()) {
    return false;
  }
  auto &c = text[random.pick(places)];
  c = random.pick(homophones_.at(c));
  utf8 = text::to_utf8(text);
  return true;
}

bool Noise::disturb_english(std::string &text, bool known, Random &random) const {
  struct Word {
    std::size_t begin;
    std::size_t end;
  };
  std::vector<Word> words;
  for (std::size_t i = 0; i < text.size();) {
    if (std::isalpha(static_cast<unsigned char>(text[i])) == 0) {
      ++i;
      continue;
    }
    auto end = i;
    while (end < text.size() && std::isalpha(static_cast<unsigned char>(text[end])) != 0) {
      ++end;
    }
    words.push_back({i, end});
    i = end;
  }
  random.shuffle(words);
  for (const auto &[begin, end] : words) {
    auto word = text.substr(begin, end - begin);
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (const auto alike = sound_alikes_.find(word); alike != sound_alikes_.end()) {
      text.replace(begin, end - begin, random.pick(alike->second));
      return true;
    }
    const bool small = std::find(dropped_en_.begin(), dropped_en_.end(), word) != dropped_en_.end();
    if (small && !known && end < text.size() && text[end] == ' ') {
      text.erase(begin, end - begin + 1);
      return true;
    }
    // A name in another spelling of the same sound: Stephen → Stefen.
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kSpellings{{{"ph", "f"},
                                                                                               {"ck", "k"},
                                                                                               {"ll", "l"},
                                                                                               {"tt", "t"},
                                                                                               {"nn", "n"},
                                                                                               {"ea", "ee"},
                                                                                               {"y", "ie"},
                                                                                               {"c", "k"},
                                                                                               {"ss", "s"},
                                                                                               {"th", "t"}}};
    if (known && word.size() >= 4) {
      for (const auto &[from, to] : kSpellings) {
        if (const auto at = text.find(from, begin + 1); at != std::string::npos && at + from.size() <= end) {
          text.replace(at, from.size(), to);
          return true;
        }
      }
    }
  }
  return false;
}

void Noise::disturb(Said &said, Language language, Random &random) const {
  const int wanted = random.chance(0.68) ? 1 : random.chance(0.85) ? 2 : 3;
  constexpr std::size_t kShort = 15; // five Han characters: what is left would be a riddle
  if (text_of(said).size() < kShort) {
    return;
  }
  int done = 0;
  for (int tries = 0; done < wanted && tries < 8 && !said.empty(); ++tries) {
    auto &segment = said[random.below(said.size())];
    if (segment.source == Segment::Source::kCopied) {
      continue;
    }
    const bool known = segment.source == Segment::Source::kKnown;
    const bool changed = language_of(segment.text) == Language::kChinese
                             ? disturb_chinese(segment.text, random)
                             : language == Language::kEnglish && disturb_english(segment.text, known, random);
    done += changed ? 1 : 0;
  }
}

} // namespace yanxing::sim
