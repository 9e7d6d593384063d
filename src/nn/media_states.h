// From a row's pictures and sounds to what stands in the row instead of their placeholders.
#pragma once

#include "nn/decoder.h"
#include "nn/model.h"
#include "nn/tower_loading.h"

namespace yanxing::nn {

// One picture or sound through the tower for its kind. Throws std::runtime_error where the model has none.
Seen see(const Towers &towers, const MediaInput &input, const Pass &pass);

// Each source of the row goes through its tower once, however often it stands there. Throws std::runtime_error with
// what the reader says of a file that cannot be read, or where a source gives another number of tokens than stand for
// it.
MediaStates media_states(const PackedRow &row, const Towers &towers, const MediaReader &read, const Pass &pass);

} // namespace yanxing::nn
