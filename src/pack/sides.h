// Answers that are compared stand in a row as samples of their own: 4 · (the data set's index) + side.
#pragma once

#include <cstdint>

namespace yanxing::pack {

enum class Side : std::int64_t {
  kChosen = 0,    // the better answer of a pair, or one that is good
  kRejected = 1,  // the worse one, or one that is bad
  kMismatched = 2 // another sample's answer, from which KTO tells how far the model has moved
};

inline std::int64_t sample_of(std::int64_t index, Side side) { return 4 * index + static_cast<std::int64_t>(side); }
inline std::int64_t index_of(std::int64_t sample) { return sample / 4; }
inline Side side_of(std::int64_t sample) { return static_cast<Side>(sample % 4); }

} // namespace yanxing::pack
