// Mandarin phonemes. The inventory follows Duanmu, The Phonology of Standard Chinese (2007), and Lin, The Sounds of
// Chinese (2007), in the spelling that Kokoro's training used; tone sandhi after Duanmu, chapter 11.
#include "speech/phonemes.h"
#include "speech/phonemes_zh_words.h"
#include "text/utf8.h"

#include <array>
#include <map>

namespace yanxing::speech {
namespace {

using text::Syllable;

const std::map<std::string, std::string, std::less<>> &initials() {
  static const std::map<std::string, std::string, std::less<>> kInitials{
      {"b", "p"},    {"p", "pʰ"},     {"m", "m"},  {"f", "f"}, {"d", "t"}, {"t", "tʰ"}, {"n", "n"},
      {"l", "l"},    {"g", "k"},      {"k", "kʰ"}, {"h", "x"}, {"j", "ʨ"}, {"q", "ʨʰ"}, {"x", "ɕ"},
      {"zh", "ꭧ"}, {"ch", "ꭧʰ"}, {"sh", "ʂ"}, {"r", "ɻ"}, {"z", "ʦ"}, {"c", "ʦʰ"}, {"s", "s"}};
  return kInitials;
}

// The tone stands right behind the vowel, where the digit 0 is here.
const std::map<std::string, std::string, std::less<>> &finals() {
  static const std::map<std::string, std::string, std::less<>> kFinals{
      {"a", "a0"},      {"ai", "ai0"},   {"an", "a0n"},   {"ang", "a0ŋ"},   {"ao", "au0"},    {"e", "ɤ0"},
      {"ei", "ei0"},    {"en", "ə0n"},   {"eng", "ə0ŋ"},  {"i", "i0"},      {"ia", "ja0"},    {"ian", "jɛ0n"},
      {"iang", "ja0ŋ"}, {"iao", "jau0"}, {"ie", "je0"},   {"in", "i0n"},    {"iou", "jou0"},  {"ing", "i0ŋ"},
      {"iong", "jʊ0ŋ"}, {"ong", "ʊ0ŋ"},  {"ou", "ou0"},   {"u", "u0"},      {"uei", "wei0"},  {"ua", "wa0"},
      {"uai", "wai0"},  {"uan", "wa0n"}, {"uen", "wə0n"}, {"uang", "wa0ŋ"}, {"ueng", "wə0ŋ"}, {"uo", "wo0"},
      {"o", "wo0"},     {"v", "y0"},     {"ve", "ɥe0"},   {"van", "ɥɛ0n"},  {"vn", "y0n"},    {"er", "ɚ0"},
      {"io", "jɔ0"},    {"m", "m0"},     {"n", "n0"},     {"ng", "ŋ0"}};
  return kFinals;
}

std::string phonemes_of(const Syllable &syllable) {
  static constexpr std::array<std::string_view, 6> kTones{"", "→", "↗", "↓", "↘", ""};
  const auto initial = initials().find(syllable.initial);
  std::string out = initial == initials().end() ? "" : initial->second;
  const auto &i = syllable.initial;
  const bool apical =
      syllable.final_ == "i" && (i == "zh" || i == "ch" || i == "sh" || i == "r" || i == "z" || i == "c" || i == "s");
  std::string final_text;
  if (apical) {
    final_text = "ɨ0";
  } else if (syllable.final_ == "o" && i.empty()) {
    final_text = "ɔ0";
  } else if (const auto found = finals().find(syllable.final_); found != finals().end()) {
    final_text = found->second;
  }
  const auto tone = kTones[static_cast<std::size_t>(syllable.tone >= 1 && syllable.tone <= 5 ? syllable.tone : 5)];
  if (const auto at = final_text.find('0'); at != std::string::npos) {
    final_text.replace(at, 1, tone);
  }
  return out + final_text;
}

// 一 is yí before a fourth tone, yì before others, yī alone or in numbers; 不 is bú before a fourth tone; of two third
// tones the first becomes a second.
void apply_sandhi(const std::u32string &text, std::vector<Syllable> &syllables) {
  const auto next_tone = [&](std::size_t i) {
    return i + 1 < text.size() && text::is_han(text[i + 1]) ? syllables[i + 1].tone : 0;
  };
  static constexpr std::u32string_view kNumerals = U"零一二三四五六七八九十百千万亿点第月号";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int next = next_tone(i);
    if (text[i] == U'不' && next == 4) {
      syllables[i].tone = 2;
    }
    const bool counted = (i > 0 && kNumerals.find(text[i - 1]) != kNumerals.npos) ||
                         (i + 1 < text.size() && kNumerals.find(text[i + 1]) != kNumerals.npos);
    if (text[i] == U'一' && next != 0 && !counted) {
      syllables[i].tone = next == 4 ? 2 : 4;
    }
  }
  // From the right, so that a run of third tones alternates as speakers do: 我也好 → wó yé hǎo.
  for (std::size_t i = text.size(); i-- > 0;) {
    if (syllables[i].tone == 3 && next_tone(i) == 3) {
      syllables[i].tone = 2;
    }
  }
}

std::string_view punctuation(char32_t c) {
  switch (c) {
  case U'，':
  case U'、':
  case U',':
    return ", ";
  case U'。':
  case U'．':
  case U'.':
    return ". ";
  case U'！':
  case U'!':
    return "! ";
  case U'？':
  case U'?':
    return "? ";
  case U'：':
  case U':':
    return ": ";
  case U'；':
  case U';':
    return "; ";
  default:
    return "";
  }
}

} // namespace

std::string mandarin_phonemes(const std::string &utf8, const text::Pinyin &pinyin) {
  const auto code_points = text::to_code_points(utf8);
  auto syllables = pinyin.read(utf8);
  apply_sandhi(code_points, syllables);
  const auto ends = word_ends(code_points, pinyin);
  std::string out;
  for (std::size_t i = 0; i < code_points.size(); ++i) {
    const bool han = text::is_han(code_points[i]);
    out += han ? phonemes_of(syllables[i]) : std::string(punctuation(code_points[i]));
    if (han && ends[i] && i + 1 < code_points.size() && text::is_han(code_points[i + 1])) {
      out += ' ';
    }
  }
  while (out.ends_with(" ")) {
    out.pop_back();
  }
  return out;
}

} // namespace yanxing::speech
