// Words that commands and replies are full of. Repair keeps names from eating them by likeness of sound; reading aloud
// keeps the characters of Mandarin ones together.
#pragma once

#include <string_view>

namespace yanxing::text {

bool is_common_word(std::u32string_view pair);        // Mandarin, two characters
bool is_common_english_word(std::string_view folded); // lower case

} // namespace yanxing::text
