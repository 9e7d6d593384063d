// Packing: samples of many lengths side by side in rows of one length, so that nothing is computed for padding, and
// what samples have in common (instructions, actions, screen) once. Pure: the same items give the same rows.
#pragma once

#include "pack/packed_row.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace yanxing::pack {

// A run of one placeholder token within an item.
struct ItemMedia {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t source = 0; // items share a picture within their common beginning only where it is the same source
  std::int64_t height = 0; // of a picture's grid of tokens (height · width = end − begin)
  std::int64_t width = 0;  // 0: a sound, whose tokens follow each other as a text's do
};

struct Item {
  std::int64_t sample = 0; // the data set's index
  std::vector<std::int64_t> tokens;
  // Half-open ranges of tokens that are to be predicted, each from the token before it. Token 0 has none before it and
  // is never a target.
  std::vector<std::pair<std::int64_t, std::int64_t>> supervised;
  float weight = 1.0F;
  std::vector<ItemMedia> media = {}; // in order, apart from each other
  // Items that follow each other with the same one stay in one row: answers that are compared. −1: on its own.
  std::int64_t group = -1;
};

struct PackSettings {
  std::int64_t max_length = 2048;
  bool share_prefixes = true;     // else every sample is a root
  std::int64_t least_shared = 16; // shorter common beginnings are not worth a segment
};

struct Packing {
  std::vector<PackedRow> rows;
  std::vector<std::int64_t> too_long; // samples that exceed max_length by themselves or with their group
};

// Best-fit-decreasing bin packing. Samples that follow each other and share a beginning stay together under one parent
// segment, as many as fit a row; rows hold several such bundles, and what all of them share stands once.
Packing pack(const std::vector<Item> &items, const PackSettings &settings);

// Time, height and width of each of an item's tokens (M-RoPE): a picture's tokens lie on a grid that starts where the
// text before it ended, and the text after it goes on beyond the grid's larger side.
std::vector<Axes> axes_of(const Item &item);

} // namespace yanxing::pack
