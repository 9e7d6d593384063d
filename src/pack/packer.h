// Packing: samples of many lengths side by side in rows of one length, so that nothing is computed for padding, and
// what samples have in common (instructions, actions, screen) once. Pure: the same items give the same rows.
#pragma once

#include "pack/packed_row.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace yanxing::pack {

struct Item {
  std::int64_t sample = 0; // the data set's index
  std::vector<std::int64_t> tokens;
  // Half-open ranges of tokens that are to be predicted, each from the token before it. Token 0 has none before it and
  // is never a target.
  std::vector<std::pair<std::int64_t, std::int64_t>> supervised;
  float weight = 1.0F;
};

struct PackSettings {
  std::int64_t max_length = 2048;
  bool share_prefixes = true;     // else every sample is a root
  std::int64_t least_shared = 16; // shorter common beginnings are not worth a segment
};

struct Packing {
  std::vector<PackedRow> rows;
  std::vector<std::int64_t> too_long; // samples that exceed max_length by themselves
};

// Best-fit-decreasing bin packing. Samples that follow each other and share a beginning stay together under one parent
// segment, as many as fit a row; rows hold several such bundles, and what all of them share stands once.
Packing pack(const std::vector<Item> &items, const PackSettings &settings);

} // namespace yanxing::pack
