#include "sample/media_writer.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace yanxing::sample {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPictureTag = "<image>";
constexpr std::string_view kSoundTag = "<audio>";
constexpr std::string_view kNameTag = "<ref-object>";
constexpr std::string_view kBoxTag = "<bbox>";

std::optional<MediaFrame> frame_of(const Tokenize &tokenize, std::string_view before, std::string_view placeholder,
                                   std::string_view after) {
  MediaFrame frame{tokenize(before, true), 0, tokenize(after, true)};
  const auto middle = tokenize(placeholder, true);
  if (frame.before.size() != 1 || middle.size() != 1 || frame.after.size() != 1) {
    return std::nullopt;
  }
  frame.placeholder = middle[0];
  return frame;
}

// Qwen2.5-VL's and Qwen3-VL's names, else Qwen2.5-Omni's.
std::optional<MediaFrame> picture_frame(const Tokenize &tokenize) {
  const auto vision = frame_of(tokenize, "<|vision_start|>", "<|image_pad|>", "<|vision_end|>");
  return vision ? vision : frame_of(tokenize, "<|vision_bos|>", "<|IMAGE|>", "<|vision_eos|>");
}

void add_framed(const MediaFrame &frame, std::int64_t count, pack::ItemMedia medium, std::vector<std::int64_t> &tokens,
                std::vector<pack::ItemMedia> &media) {
  tokens.insert(tokens.end(), frame.before.begin(), frame.before.end());
  medium.begin = static_cast<std::int64_t>(tokens.size());
  medium.end = medium.begin + count;
  tokens.insert(tokens.end(), static_cast<std::size_t>(count), frame.placeholder);
  media.push_back(medium);
  tokens.insert(tokens.end(), frame.after.begin(), frame.after.end());
}

struct Malformed {
  std::string what;
};

std::string name_at(const Json &objects, std::size_t index) {
  const auto &names = objects.contains("ref") ? objects.at("ref") : Json::array();
  if (!names.is_array() || index >= names.size() || !names[index].is_string()) {
    throw Malformed{"the texts ask for more names than \"objects\" has in \"ref\""};
  }
  return names[index].get<std::string>();
}

std::vector<double> numbers_of(const Json &box) {
  if (!box.is_array() || box.empty() || box.size() % 2 != 0) {
    throw Malformed{"a box must be [x1,y1,x2,y2] or a point [x,y]"};
  }
  std::vector<double> numbers;
  for (const auto &number : box) {
    if (!number.is_number()) {
      throw Malformed{"a box must hold numbers"};
    }
    numbers.push_back(number.get<double>());
  }
  return numbers;
}

// Replaces each `tag` in the texts by what `next` says, in order.
void replace_all(const std::vector<std::string *> &texts, std::string_view tag,
                 const std::function<std::string()> &next) {
  for (auto *text : texts) {
    for (auto at = text->find(tag); at != std::string::npos;) {
      const auto instead = next();
      text->replace(at, tag.size(), instead);
      at = text->find(tag, at + instead.size());
    }
  }
}

} // namespace

std::vector<TextPart> parts_of(const std::string &text) {
  std::vector<TextPart> parts;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto picture = text.find(kPictureTag, begin);
    const auto sound = text.find(kSoundTag, begin);
    const auto at = std::min(picture, sound);
    if (at > begin) {
      parts.push_back({TextPart::Kind::kText, text.substr(begin, at == std::string::npos ? at : at - begin)});
    }
    if (at == std::string::npos) {
      break;
    }
    const bool is_picture = at == picture;
    parts.push_back({is_picture ? TextPart::Kind::kPicture : TextPart::Kind::kSound, ""});
    begin = at + (is_picture ? kPictureTag.size() : kSoundTag.size());
  }
  return parts;
}

Status MediaWriter::picture(const fs::path &file, const Tokenize &tokenize, std::vector<std::int64_t> &tokens,
                            std::vector<pack::ItemMedia> &media) const {
  const auto place = library_->picture(file);
  if (!place) {
    return place.error();
  }
  const auto frame = picture_frame(tokenize);
  if (!frame) {
    return Error{"the model's vocabulary has no tokens that stand for a picture",
                 "Give --model the folder of a vision-language model"};
  }
  add_framed(*frame, place->height * place->width, {0, 0, place->source, place->height, place->width}, tokens, media);
  return {};
}

Status MediaWriter::sound(const fs::path &file, const Tokenize &tokenize, std::vector<std::int64_t> &tokens,
                          std::vector<pack::ItemMedia> &media) const {
  const auto place = library_->sound(file);
  if (!place) {
    return place.error();
  }
  const auto frame = frame_of(tokenize, "<|audio_bos|>", "<|AUDIO|>", "<|audio_eos|>");
  if (!frame) {
    return Error{"the model's vocabulary has no tokens that stand for a sound",
                 "Give --model the folder of an omni model"};
  }
  add_framed(*frame, place->tokens, {0, 0, place->source, 0, 0}, tokens, media);
  return {};
}

Status MediaWriter::write_objects(const Json &objects, const std::vector<fs::path> &images,
                                  const std::vector<std::string *> &texts) const {
  if (!objects.is_object()) {
    return {};
  }
  try {
    std::size_t names = 0;
    replace_all(texts, kNameTag, [&] { return name_at(objects, names++); });
    const auto &boxes = objects.contains("bbox") ? objects.at("bbox") : Json::array();
    const auto &of_picture = objects.contains("image_id") ? objects.at("image_id") : Json::array();
    const bool shares = objects.contains("bbox_type") && objects.at("bbox_type") == "norm1";
    std::size_t index = 0;
    replace_all(texts, kBoxTag, [&]() -> std::string {
      if (!boxes.is_array() || index >= boxes.size()) {
        throw Malformed{"the texts ask for more boxes than \"objects\" has in \"bbox\""};
      }
      const auto numbers = numbers_of(boxes[index]);
      std::size_t image = 0;
      if (of_picture.is_array() && index < of_picture.size() && of_picture[index].is_number_unsigned()) {
        image = of_picture[index].get<std::size_t>();
      }
      ++index;
      if (image >= images.size()) {
        throw Malformed{"a box is of picture " + std::to_string(image) + ", and there are " +
                        std::to_string(images.size())};
      }
      const auto place = library_->picture(images[image]);
      if (!place) {
        throw Malformed{place.error().message()};
      }
      const bool thousandths = library_->senses().boxes_in_thousandths;
      const auto scaled = [&](double value, int original, int seen) {
        const double share = value / (shares ? 1 : original);
        return static_cast<std::int64_t>(std::nearbyint(share * (thousandths ? 1000 : seen)));
      };
      Json written = Json::array();
      for (std::size_t i = 0; i < numbers.size(); i += 2) {
        written.push_back(scaled(numbers[i], place->original.width, place->seen.width));
        written.push_back(scaled(numbers[i + 1], place->original.height, place->seen.height));
      }
      std::string text = "[";
      for (const auto &number : written) {
        text += (text.size() > 1 ? ", " : "") + number.dump();
      }
      return text + "]";
    });
  } catch (const Malformed &malformed) {
    return Error{malformed.what, R"(Write {"ref":["table"],"bbox":[[x1,y1,x2,y2]]} beside "messages")"};
  }
  return {};
}

} // namespace yanxing::sample
