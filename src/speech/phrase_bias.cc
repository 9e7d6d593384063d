#include "speech/phrase_bias.h"

#include <algorithm>
#include <cctype>

namespace yanxing::speech {
namespace {

unsigned char folded(char c) { return static_cast<unsigned char>(std::tolower(static_cast<unsigned char>(c))); }

// Tokens that spell the way on from `from` in the phrases: both trees walked together.
void collect(const ByteTree &pieces, std::uint32_t piece, const ByteTree &phrases, std::uint32_t from, double bonus,
             std::map<PhraseBias::Token, double> &found) {
  for (const auto &[byte, next] : phrases.at(from).next) {
    const auto behind = pieces.step(piece, byte);
    if (behind == 0) {
      continue;
    }
    if (const auto token = pieces.at(behind).value; token != ByteTree::kNone) {
      auto &best = found[token];
      best = std::max(best, bonus);
    }
    collect(pieces, behind, phrases, next, bonus, found);
  }
}

} // namespace

void ByteTree::add(std::string_view text, std::int32_t value) {
  std::uint32_t node = 0;
  for (const char c : text) {
    const auto byte = folded(c);
    auto next = step(node, byte);
    if (next == 0) {
      next = static_cast<std::uint32_t>(nodes_.size());
      auto &ways = nodes_[node].next;
      ways.insert(std::lower_bound(ways.begin(), ways.end(), std::pair(byte, std::uint32_t{0})), {byte, next});
      nodes_.emplace_back();
    }
    node = next;
  }
  if (nodes_[node].value == kNone) { // the first of those that differ in case only
    nodes_[node].value = value;
  }
  depth_ = std::max(depth_, text.size());
}

std::uint32_t ByteTree::step(std::uint32_t node, unsigned char byte) const {
  const auto &ways = nodes_[node].next;
  const auto found = std::lower_bound(ways.begin(), ways.end(), std::pair(byte, std::uint32_t{0}));
  return found != ways.end() && found->first == byte ? found->second : 0;
}

PhraseBias::Bonuses PhraseBias::bonuses(std::string_view written) const {
  constexpr double kBegin = 1.0;
  constexpr double kGoOn = 5.5; // with kEnough bytes of the phrase there
  constexpr double kEnough = 7.0;
  std::map<Token, double> found;
  collect(*pieces_, 0, phrases_, 0, kBegin, found);
  for (std::size_t length = 1; length <= std::min(phrases_.depth(), written.size()); ++length) {
    std::uint32_t node = 0;
    for (auto i = written.size() - length; i < written.size(); ++i) {
      node = phrases_.step(node, folded(written[i]));
      if (node == 0) {
        break;
      }
    }
    if (node != 0) {
      const double share = std::min(1.0, static_cast<double>(length) / kEnough);
      collect(*pieces_, 0, phrases_, node, kBegin + (kGoOn - kBegin) * share, found);
    }
  }
  return {found.begin(), found.end()};
}

} // namespace yanxing::speech
