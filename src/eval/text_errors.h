// Character errors of Chinese and word errors of English transcripts.
#pragma once

#include "base/shapes.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace yanxing::eval {

struct TextErrors {
  std::size_t errors = 0; // substitutions, deletions and insertions
  std::size_t length = 0; // units of the reference
};

// What is compared: characters (zh) or words (en) after the product's own number normalisation, Traditional →
// Simplified, lower case, without punctuation.
std::vector<std::u32string> text_units(std::string_view utf8, Language language);

TextErrors text_errors(std::string_view reference, std::string_view hypothesis, Language language);

} // namespace yanxing::eval
