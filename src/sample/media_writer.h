// Pictures and sounds among the tokens of a sample: their placeholders, their tags in a text, boxes in the pixels that
// the model sees.
#pragma once

#include "base/json.h"
#include "llm/engine.h"
#include "media/library.h"
#include "pack/packer.h"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace yanxing::sample {

using Tokenize = std::function<std::vector<llm::Token>(std::string_view text, bool special)>;

// How a model's vocabulary frames a medium: <|vision_start|> <|image_pad|> × n <|vision_end|>.
struct MediaFrame {
  std::vector<llm::Token> before;
  llm::Token placeholder = 0;
  std::vector<llm::Token> after;
};

// What a text's tags ask for, in order.
struct TextPart {
  enum class Kind { kText, kPicture, kSound };
  Kind kind = Kind::kText;
  std::string text; // kText only
};
// Parts at <image> and <audio>.
std::vector<TextPart> parts_of(const std::string &text);

class MediaWriter {
public:
  // `library` outlives the writer.
  explicit MediaWriter(media::Library &library) : library_(&library) {}

  [[nodiscard]] bool sees() const { return library_->senses().pictures.has_value(); }
  [[nodiscard]] bool hears() const { return library_->senses().sounds.has_value(); }

  // Appends a picture's placeholders to `tokens` and says where to `media`. Error: what the library says, or a
  // vocabulary without such tokens.
  Status picture(const std::filesystem::path &file, const Tokenize &tokenize, std::vector<std::int64_t> &tokens,
                 std::vector<pack::ItemMedia> &media) const;

  // The same for a sound.
  Status sound(const std::filesystem::path &file, const Tokenize &tokenize, std::vector<std::int64_t> &tokens,
               std::vector<pack::ItemMedia> &media) const;

  // ms-swift's "objects" {"ref":[…],"bbox":[[x1,y1,x2,y2],…],"bbox_type":"real"|"norm1","image_id":[…]}: <ref-object>
  // and <bbox> in the texts, one after the other, become names and boxes. Error: what in the objects is malformed.
  Status write_objects(const Json &objects, const std::vector<std::filesystem::path> &images,
                       const std::vector<std::string *> &texts) const;

private:
  media::Library *library_;
};

} // namespace yanxing::sample
