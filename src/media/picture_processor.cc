#include "media/picture_processor.h"

#include "media/processor_json.h"

#include <algorithm>
#include <cmath>

namespace yanxing::media {
namespace fs = std::filesystem;
namespace {

constexpr double kMostSlender = 200; // a side to the other
constexpr int kMostPatch = 256;
constexpr std::int64_t kMostPixels = 1LL << 27;

// Python's round(): halves to the even number.
std::int64_t multiple(double value, int factor) {
  return static_cast<std::int64_t>(std::nearbyint(value / factor)) * factor;
}

bool read_colours(const Json &json, const char *name, std::array<float, 3> &into) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) {
    return true;
  }
  if (!found->is_array() || found->size() != into.size()) {
    return false;
  }
  for (std::size_t i = 0; i < into.size(); ++i) {
    if (!(*found)[i].is_number()) {
      return false;
    }
    into[i] = (*found)[i].get<float>();
  }
  return true;
}

} // namespace

Result<PictureSettings> picture_settings(const fs::path &model) {
  const auto json = processor_json(model, "image_processor");
  if (!json) {
    return json.error();
  }
  PictureSettings settings;
  std::int64_t patch = settings.patch;
  std::int64_t merge = settings.merge;
  std::int64_t frames = settings.frames;
  bool good = read_number(*json, "patch_size", patch) && read_number(*json, "merge_size", merge) &&
              read_number(*json, "temporal_patch_size", frames) && read_colours(*json, "image_mean", settings.mean) &&
              read_colours(*json, "image_std", settings.deviation);
  if (const auto size = json->find("size"); size != json->end() && size->is_object()) {
    good = good && read_number(*size, "shortest_edge", settings.least_pixels) &&
           read_number(*size, "longest_edge", settings.most_pixels);
  }
  good = good && read_number(*json, "min_pixels", settings.least_pixels) &&
         read_number(*json, "max_pixels", settings.most_pixels);
  const auto within = [](std::int64_t value, std::int64_t most) { return value >= 1 && value <= most; };
  good = good && within(patch, kMostPatch) && within(merge, 16) && within(frames, 16) &&
         within(settings.least_pixels, settings.most_pixels) && within(settings.most_pixels, kMostPixels) &&
         std::all_of(settings.deviation.begin(), settings.deviation.end(), [](float value) { return value > 0; });
  if (!good) {
    return Error{model.string() + ": the description of its image processor has impossible numbers",
                 "Fetch preprocessor_config.json again"};
  }
  settings.patch = static_cast<int>(patch);
  settings.merge = static_cast<int>(merge);
  settings.frames = static_cast<int>(frames);
  return settings;
}

Result<PictureSize> fitted(const PictureSize &original, const PictureSettings &settings) {
  const double width = original.width;
  const double height = original.height;
  if (original.width < 1 || original.height < 1 || std::max(width, height) / std::min(width, height) > kMostSlender) {
    return Error{"a picture of " + std::to_string(original.width) + " × " + std::to_string(original.height) +
                     " pixels is too slender to be seen",
                 "Neither side may be more than 200 times the other"};
  }
  const int factor = settings.factor();
  auto new_width = multiple(width, factor);
  auto new_height = multiple(height, factor);
  const auto whole = [factor](double value, auto round) {
    return static_cast<std::int64_t>(round(value / factor)) * factor;
  };
  const auto floor = [](double value) { return std::floor(value); };
  const auto ceil = [](double value) { return std::ceil(value); };
  if (new_width * new_height > settings.most_pixels) {
    const double shrink = std::sqrt(height * width / static_cast<double>(settings.most_pixels));
    new_height = std::max<std::int64_t>(factor, whole(height / shrink, floor));
    new_width = std::max<std::int64_t>(factor, whole(width / shrink, floor));
  } else if (new_width * new_height < settings.least_pixels) {
    const double grow = std::sqrt(static_cast<double>(settings.least_pixels) / (height * width));
    new_height = whole(height * grow, ceil);
    new_width = whole(width * grow, ceil);
  }
  return PictureSize{static_cast<int>(new_width), static_cast<int>(new_height)};
}

Result<pack::MediaInput> patches_of(const Picture &picture, const PictureSettings &settings) {
  const auto size = fitted({picture.width, picture.height}, settings);
  if (!size) {
    return size.error();
  }
  const auto seen = resized(picture, *size);
  const int patch = settings.patch;
  const int merge = settings.merge;
  pack::MediaInput input;
  input.kind = pack::MediaInput::Kind::kPicture;
  input.height = size->height / patch;
  input.width = size->width / patch;
  input.values.resize(static_cast<std::size_t>(size->height) * static_cast<std::size_t>(size->width) * 3 *
                      static_cast<std::size_t>(settings.frames));
  // Each colour's 256 values once.
  std::array<std::array<float, 256>, 3> normal{};
  for (std::size_t colour = 0; colour < 3; ++colour) {
    for (int value = 0; value < 256; ++value) {
      const auto share = static_cast<float>(value * (1.0 / 255.0));
      normal.at(colour).at(static_cast<std::size_t>(value)) =
          (share - settings.mean.at(colour)) / settings.deviation.at(colour);
    }
  }
  auto *out = input.values.data();
  const auto write_patch = [&](int top, int left) {
    for (std::size_t colour = 0; colour < 3; ++colour) {
      const float *frame = out;
      for (int y = top; y < top + patch; ++y) {
        for (int x = left; x < left + patch; ++x) {
          *out++ = normal[colour][seen.pixel(x, y)[colour]];
        }
      }
      for (int copy = 1; copy < settings.frames; ++copy) {
        out = std::copy(frame, frame + static_cast<std::ptrdiff_t>(patch) * patch, out);
      }
    }
  };
  const int step = settings.factor();
  for (int top = 0; top < size->height; top += step) {
    for (int left = 0; left < size->width; left += step) {
      for (int part = 0; part < merge * merge; ++part) {
        write_patch(top + part / merge * patch, left + part % merge * patch);
      }
    }
  }
  return input;
}

} // namespace yanxing::media
