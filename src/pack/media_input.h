// What a tower is given of one picture or sound: numbers that a processor made of the file. No torch here, so that
// rooms without libtorch can make it.
#pragma once

#include <cstdint>
#include <vector>

namespace yanxing::pack {

struct MediaInput {
  enum class Kind { kPicture, kSound };
  Kind kind = Kind::kPicture;
  // A picture's patches in rows and columns; a sound's mel bins and frames.
  std::int64_t height = 0;
  std::int64_t width = 0;
  // Pictures: (height · width, channels · frames · patch · patch), patches in the order of the blocks that the tower
  // merges into one token. Sounds: (bins, frames).
  std::vector<float> values;
};

} // namespace yanxing::pack
