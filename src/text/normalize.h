// Transcripts in one spelling: Simplified Chinese, half-width, numbers as digits, spoken-form punctuation gone.
#pragma once

#include "base/shapes.h"

#include <optional>
#include <string>
#include <string_view>

namespace yanxing::text {

// Whole clean-up of an engine's text: invalid UTF-8 replaced, Traditional → Simplified (OpenCC t2s), full-width
// → half-width, outer spaces and final punctuation off, numbers by normalize_numbers.
std::string normalize_transcript(std::string_view raw, Language language);

// Simplified → Traditional (OpenCC s2t): how a recogniser may spell a word that is known in Simplified.
std::string to_traditional(const std::string &utf8);

// 二十九度 → 29度, 一百五 → 150, 三点五 → 3.5, 百分之三十 → 30%, 下午三点半 stays words around digits (下午3点半),
// 幺三八 → 138; idioms and names that merely hold numerals (一下, 一个人, 三星, 万一) stay. English: "twenty six
// degrees" → "26 degrees", "half past three" stays, "one hundred and five" → 105, "single"/"double" stay.
std::string normalize_numbers(std::string_view utf8, Language language);

// Seconds of a spoken duration anywhere in the text: 十分钟 / 10分钟 → 600, 一个半小时 → 5400, "ninety seconds" → 90,
// "an hour and a half" → 5400. Empty where none is named, or one of more than a century.
std::optional<long> find_duration_s(std::string_view utf8);

// Text as it is read aloud: digits → Chinese or English words (26 → 二十六 / twenty-six, 2026年 → 二零二六年,
// 3.5 → 三点五, 30% → 百分之三十, 138-phone numbers digit by digit, a@b.cn → spelled).
std::string spoken_form(std::string_view utf8, Language language);

} // namespace yanxing::text
