// Where Mandarin words end. Kokoro was trained with a space between words and slurs syllables where there is none.
#pragma once

#include "text/pinyin.h"

#include <string>
#include <vector>

namespace yanxing::speech {

// For each code point, whether a word ends after it.
std::vector<bool> word_ends(const std::u32string &text, const text::Pinyin &pinyin);

} // namespace yanxing::speech
