// Replies in pieces that are worth one run of the synthesizer.
#pragma once

#include "base/shapes.h"

#include <string>
#include <vector>

namespace yanxing::speech {

struct Clause {
  std::string text;
  Language language = Language::kChinese;
  bool operator==(const Clause &) const = default;
};

// One language each, in order; cut at punctuation, the first early, so that sound starts soon, the others less often;
// and between words where no mark comes in time. Nothing speakable gives none.
std::vector<Clause> clauses_of(const std::string &utf8);

} // namespace yanxing::speech
