// What a vision tower sees of a picture: resized to whole blocks of patches, normalised, cut into patches, number for
// number as transformers' Qwen2VLImageProcessor does on Pillow.
#pragma once

#include "base/picture.h"
#include "base/result.h"
#include "pack/media_input.h"

#include <array>
#include <cstdint>
#include <filesystem>

namespace yanxing::media {

// Defaults are Qwen2.5-VL's.
struct PictureSettings {
  int patch = 14; // pixels along a patch's side
  int merge = 2;  // patches along a token's side
  int frames = 2; // a picture stands for so many equal frames of a film
  std::int64_t least_pixels = 56LL * 56;
  std::int64_t most_pixels = 28LL * 28 * 1280;
  std::array<float, 3> mean{0.48145466F, 0.4578275F, 0.40821073F};
  std::array<float, 3> deviation{0.26862954F, 0.26130258F, 0.27577711F};

  [[nodiscard]] int factor() const { return patch * merge; } // pixels along a token's side
};

// From the folder's preprocessor_config.json or processor_config.json; the defaults where there is none. Errors:
// numbers that no processor can have.
Result<PictureSettings> picture_settings(const std::filesystem::path &model);

struct PictureSize {
  int width = 0; // pixels
  int height = 0;
  bool operator==(const PictureSize &) const = default;
};

// Both sides multiples of the factor, the area within the limits, the shape kept as far as that goes ("smart resize").
// Error: a side more than 200 times the other, or no pixels.
Result<PictureSize> fitted(const PictureSize &original, const PictureSettings &settings);

// Pillow's bicubic filter (a = −0.5) with its widened support where a picture becomes smaller: the same bytes.
Picture resized(const Picture &picture, const PictureSize &size);

// The patches of a picture, resized where needed. Precondition: fitted() accepts its size.
Result<pack::MediaInput> patches_of(const Picture &picture, const PictureSettings &settings);

} // namespace yanxing::media
