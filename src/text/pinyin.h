// Mandarin readings. Data: the `pypinyin` package's pinyin_dict.json and phrases_dict.json (MIT).
#pragma once

#include "base/result.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace yanxing::text {

// One reading: "li3" = {"l","i",3}. tone 5 is neutral.
struct Syllable {
  std::string initial; // "", b p m f d t n l g k h j q x zh ch sh r z c s
  std::string final_;  // with ü written v; "er" for 儿
  int tone = 5;
  bool operator==(const Syllable &) const = default;
};

class Pinyin {
public:
  static Result<std::shared_ptr<const Pinyin>> open(const std::filesystem::path &folder);
  virtual ~Pinyin() = default;
  // All readings of one Han character (Unicode code point), most common first; empty for others.
  [[nodiscard]] virtual std::vector<Syllable> readings(char32_t character) const = 0;
  // Reading in context (longest phrase first), one entry per code point; non-Han give {} .
  [[nodiscard]] virtual std::vector<Syllable> read(std::string_view utf8) const = 0;
  // Length of the longest known phrase that starts at `at`, in code points; 0 where there is none.
  [[nodiscard]] virtual std::size_t phrase_length(const std::u32string &text, std::size_t at) const = 0;
};

// 0 = same sound … 1 = unrelated. Tone differences cost little; n/l, zh/z, in/ing, h/f less than others,
// as recognisers and speakers of southern accents mix them.
double sound_distance(const Syllable &a, const Syllable &b);

} // namespace yanxing::text
