// Words that are known in this turn (contacts, values of closed sets, labels on the screen) made likelier while the
// decoder writes ("shallow fusion"; Zhao et al. 2019, "Shallow-Fusion End-to-End Contextual Biasing"). Phrases are
// matched letter by letter, so that however the decoder cuts a word into tokens, the token that goes on with it gains.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace yanxing::speech {

// Strings by their bytes; ASCII letters count as lower case.
class ByteTree {
public:
  static constexpr std::int32_t kNone = -1;
  struct Node {
    std::vector<std::pair<unsigned char, std::uint32_t>> next; // sorted by byte
    std::int32_t value = kNone;                                // of the string that ends here
  };
  void add(std::string_view text, std::int32_t value);
  [[nodiscard]] const Node &at(std::uint32_t node) const { return nodes_[node]; }
  // The node behind `node` by `byte`; 0 (the root, which is behind none) where there is none.
  [[nodiscard]] std::uint32_t step(std::uint32_t node, unsigned char byte) const;
  [[nodiscard]] std::size_t depth() const { return depth_; }

private:
  std::vector<Node> nodes_{Node{}};
  std::size_t depth_ = 0;
};

class PhraseBias {
public:
  using Token = std::int32_t;
  using Bonuses = std::vector<std::pair<Token, double>>;

  // `pieces`: the text of every token that may be written, with the token as its value. Kept by reference.
  explicit PhraseBias(const ByteTree &pieces) : pieces_(&pieces) {}
  // As it would be written: with a blank before a Latin word.
  void add(std::string_view phrase) { phrases_.add(phrase, 0); }
  // Log-odds for tokens that begin a phrase or go on with one that `written` ends in: the more of it stands there
  // already, the more. Each token once.
  [[nodiscard]] Bonuses bonuses(std::string_view written) const;

private:
  const ByteTree *pieces_;
  ByteTree phrases_;
};

} // namespace yanxing::speech
