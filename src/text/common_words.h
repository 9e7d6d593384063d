// Mandarin words of two characters that commands and replies are full of. Repair keeps names from eating them by
// likeness of sound; reading aloud keeps their characters together.
#pragma once

#include <string_view>

namespace yanxing::text {

bool is_common_word(std::u32string_view pair);

} // namespace yanxing::text
