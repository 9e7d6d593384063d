// Text → the phoneme alphabet that Kokoro was trained on (misaki's: IPA with a few single-letter diphthongs in English,
// IPA with tone arrows in Mandarin).
#pragma once

#include "base/result.h"
#include "text/pinyin.h"

#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>

namespace yanxing::speech {

// Mandarin, with tone sandhi. Punctuation becomes ", " and the like; other scripts are dropped.
std::string mandarin_phonemes(const std::string &utf8, const text::Pinyin &pinyin);

// American English: lexicon first, its regular inflections next, espeak-ng for the rest.
class EnglishPhonemes {
public:
  // `lexicon`: us_gold.json of the misaki package, word → phonemes or {"DEFAULT": …}.
  static Result<std::unique_ptr<EnglishPhonemes>> open(const std::filesystem::path &lexicon);
  [[nodiscard]] std::string operator()(const std::string &text) const;

private:
  [[nodiscard]] std::string word(const std::string &word) const;
  [[nodiscard]] std::string known(const std::string &word) const;                         // "" where it is not
  [[nodiscard]] std::string inflected(const std::string &small) const;                    // "" where no stem is known
  [[nodiscard]] std::string weak(const std::string &word, const std::string &next) const; // "" where it is not weak
  std::unordered_map<std::string, std::string> lexicon_;
};

} // namespace yanxing::speech
