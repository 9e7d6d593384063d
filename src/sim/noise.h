// What a recogniser like whisper-base makes of speech: homophones, words that sound alike, small words that go missing.
// Only words and known names are touched; what has to be copied letter by letter stays.
#pragma once

#include "sim/speaker.h"
#include "text/pinyin.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace yanxing::sim {

class Noise {
public:
  // `pinyin` may be null: then Mandarin only loses and gains small words. Homophones are taken from the characters
  // that the generator itself uses, since recognisers write common ones.
  Noise(const Knowledge &knowledge, std::shared_ptr<const text::Pinyin> pinyin);
  // One to three changes.
  void disturb(Said &said, Language language, Random &random) const;

private:
  bool disturb_chinese(std::string &text, Random &random) const;
  bool disturb_english(std::string &text, bool known, Random &random) const;

  std::map<char32_t, std::vector<char32_t>> homophones_; // the same syllable, or one that is easily mixed up with it
  std::map<std::string, std::vector<std::string>, std::less<>> sound_alikes_;
  std::vector<std::string> dropped_zh_;
  std::vector<std::string> dropped_en_;
};

} // namespace yanxing::sim
