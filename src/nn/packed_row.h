#pragma once

#include "pack/packed_row.h" // lives in a room of its own: the data verbs use it without libtorch

namespace yanxing::nn {

using pack::PackedRow;
using pack::Segment;
using pack::Target;

} // namespace yanxing::nn
