// The words of a folded utterance, in the form in which they are compared.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace yanxing::text {

// Half-open byte range of the folded utterance.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  [[nodiscard]] bool overlaps(const Span &other) const { return begin < other.end && other.begin < end; }
  [[nodiscard]] std::size_t size() const { return end - begin; }
};

bool is_word_byte(char c); // of Latin words and numbers

struct Word {
  std::string stem; // "lights" and "light", "dimmed" and "dim" have the same
  Span span;
};
// Latin words and numbers; Han characters are none.
std::vector<Word> words_of(const std::string &folded);

// Where `phrase` (folded) stands as it is; at word boundaries where it begins or ends with a Latin letter.
std::optional<Span> find_exact(const std::string &folded, std::string_view phrase);
bool says_any(const std::string &folded, const std::vector<std::string_view> &phrases);

} // namespace yanxing::text
