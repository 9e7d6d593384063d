// The pictures and sounds of a data set, each once under a number. They are looked at when they are added, so that one
// that cannot be read is told at its sample, and read again when a row that holds them is computed: memory holds names.
#pragma once

#include "media/mel.h"
#include "media/picture_processor.h"
#include "pack/media_input.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

namespace yanxing::media {

// What a model can take.
struct Senses {
  std::optional<PictureSettings> pictures; // absent: it sees none
  std::optional<SoundSettings> sounds;     // absent: it hears none
  // Its boxes are thousandths of a picture's sides (Qwen3-VL), not pixels of the picture as it is seen (Qwen2.5-VL).
  bool boxes_in_thousandths = false;
};

// Of a Hugging Face folder, from config.json and the processor's description; none of a GGUF file, whose towers are not
// trained here. Error: a description that is malformed.
Result<Senses> senses_of(const std::filesystem::path &model);

// A picture as it stands among tokens.
struct PicturePlace {
  std::int64_t source = 0;
  std::int64_t height = 0; // tokens
  std::int64_t width = 0;
  PictureSize original; // pixels
  PictureSize seen;     // pixels after resizing
};

struct SoundPlace {
  std::int64_t source = 0;
  std::int64_t tokens = 0;
};

class Library {
public:
  explicit Library(Senses senses) : senses_(std::move(senses)) {}

  [[nodiscard]] const Senses &senses() const { return senses_; }

  // Error: the model sees no pictures (hears no sounds), or the file cannot be read or fitted.
  Result<PicturePlace> picture(const std::filesystem::path &file);
  Result<SoundPlace> sound(const std::filesystem::path &file);
  // What the tower takes of a source. Error: the file is not what it was.
  [[nodiscard]] Result<pack::MediaInput> read(std::int64_t source) const;

private:
  struct Entry {
    std::filesystem::path file;
    bool is_picture = true;
    PicturePlace picture;
    SoundPlace sound;
  };

  Senses senses_;
  std::vector<Entry> entries_; // by source
  std::map<std::filesystem::path, std::int64_t> sources_;
};

} // namespace yanxing::media
