// The pictures and sounds of a training run: what the model can take, written among its samples' tokens, and read again
// when a row is computed.
#pragma once

#include "base/result.h"
#include "media/library.h"
#include "nn/model.h"
#include "sample/media_writer.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace yanxing::training {

// ms-swift's --max_pixels and --min_pixels; 0: as the model's own processor has it.
struct PixelLimits {
  std::int64_t most = 0;
  std::int64_t least = 0;
};

class SampleMedia {
public:
  // Error: the model's description of its processors is malformed, or the limits are impossible.
  static Result<SampleMedia> open(const std::filesystem::path &model, const PixelLimits &limits);

  // Null where the model only reads.
  [[nodiscard]] const sample::MediaWriter *writer() const { return writer_ ? &*writer_ : nullptr; }
  // From now on rows with media can be computed; this must outlive their computing.
  void serve(nn::Model &model) const;

private:
  std::unique_ptr<media::Library> library_;
  std::optional<sample::MediaWriter> writer_;
};

// Where an older script names a model by --model_type alone (qwen_vl_chat): the folder within `models` that sees or
// hears as the type asks; nothing for a type that reads. Error: no such folder is there; it says what to give with
// --model.
Result<std::optional<std::filesystem::path>> model_of_type(const std::string &model_type,
                                                           const std::filesystem::path &models);

} // namespace yanxing::training
