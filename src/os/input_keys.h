// Keys by name and characters as keys (X keysyms). Pure functions.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace yanxing::os {

using Keysym = std::uint32_t;

// The key that writes a character: Latin-1 is its own keysym, "\n" is Return, all else is 0x01000000 + code point.
Keysym keysym_of(char32_t character);

// "ctrl+shift+t" → {Control_L, Shift_L, t}, modifiers first. Errors name the part that is no key.
Result<std::vector<Keysym>> parse_chord(const std::string &chord);

// Code points of UTF-8; an error where it is not.
Result<std::u32string> characters_of(const std::string &utf8);

} // namespace yanxing::os
