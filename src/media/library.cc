#include "media/library.h"

#include "base/json.h"
#include "screen/look.h"

namespace yanxing::media {
namespace fs = std::filesystem;

namespace {

const Json &part_of(const Json &whole, const char *name) {
  static const Json kNone = Json::object();
  const auto found = whole.find(name);
  return found != whole.end() && found->is_object() ? *found : kNone;
}

Error changed(const fs::path &file) {
  return {file.string() + " is not as it was when training began", "Leave pictures and sounds as they are"};
}

// 16 kHz.
Result<audio::Clip> clip_of(const fs::path &file) {
  auto clip = audio::read_clip(file);
  return clip && clip->sample_rate_hz != audio::kSpeechRateHz ? audio::resample(*clip, audio::kSpeechRateHz) : clip;
}

} // namespace

Result<Senses> senses_of(const fs::path &model) {
  std::error_code code;
  if (!fs::is_directory(model, code)) {
    return Senses{};
  }
  const auto config = read_json_file(model / "config.json");
  if (!config) {
    return config.error();
  }
  if (!config->is_object()) {
    return Error{(model / "config.json").string() + " is no JSON object", "Fetch the model again"};
  }
  const auto &thinker = part_of(*config, "thinker_config");
  const auto &whole = thinker.empty() ? *config : thinker;
  Senses senses;
  if (!part_of(whole, "vision_config").empty()) {
    const auto settings = picture_settings(model);
    if (!settings) {
      return settings.error();
    }
    senses.pictures = *settings;
  }
  if (!part_of(whole, "audio_config").empty()) {
    const auto settings = sound_settings(model);
    if (!settings) {
      return settings.error();
    }
    senses.sounds = *settings;
  }
  senses.boxes_in_thousandths = string_or_empty(*config, "model_type").starts_with("qwen3_vl");
  return senses;
}

Result<PicturePlace> Library::picture(const fs::path &file) {
  if (!senses_.pictures) {
    return Error{file.string() + " is a picture, and this model sees none",
                 "Give --model the folder of a vision-language model, such as Qwen2.5-VL"};
  }
  if (const auto found = sources_.find(file); found != sources_.end()) {
    return entries_.at(static_cast<std::size_t>(found->second)).picture;
  }
  const auto picture = screen::read_picture(file);
  if (!picture) {
    return picture.error();
  }
  Entry entry;
  entry.file = file;
  auto &place = entry.picture;
  place.source = static_cast<std::int64_t>(entries_.size());
  place.original = {picture->width, picture->height};
  const auto seen = fitted(place.original, *senses_.pictures);
  if (!seen) {
    return Error{file.string() + ": " + seen.error().what, seen.error().hint};
  }
  place.seen = *seen;
  place.height = seen->height / senses_.pictures->factor();
  place.width = seen->width / senses_.pictures->factor();
  sources_[file] = place.source;
  entries_.push_back(entry);
  return place;
}

Result<SoundPlace> Library::sound(const fs::path &file) {
  if (!senses_.sounds) {
    return Error{file.string() + " is a sound, and this model hears none",
                 "Give --model the folder of an omni model, such as Qwen2.5-Omni"};
  }
  if (const auto found = sources_.find(file); found != sources_.end()) {
    return entries_.at(static_cast<std::size_t>(found->second)).sound;
  }
  const auto clip = clip_of(file);
  if (!clip) {
    return clip.error();
  }
  if (clip->seconds() > senses_.sounds->longest_seconds) {
    return Error{file.string() + " is longer than " +
                     std::to_string(static_cast<int>(senses_.sounds->longest_seconds)) +
                     " s, which is all that the model hears",
                 "Cut it into pieces"};
  }
  Entry entry;
  entry.file = file;
  entry.is_picture = false;
  entry.sound = {static_cast<std::int64_t>(entries_.size()), sound_tokens(mel_frames(clip->samples.size()))};
  if (entry.sound.tokens < 1) {
    return Error{file.string() + " is too short to be heard", "Leave the sample out"};
  }
  sources_[file] = entry.sound.source;
  entries_.push_back(entry);
  return entry.sound;
}

Result<pack::MediaInput> Library::read(std::int64_t source) const {
  const auto &entry = entries_.at(static_cast<std::size_t>(source));
  if (!entry.is_picture) {
    const auto clip = clip_of(entry.file);
    if (!clip) {
      return clip.error();
    }
    return sound_tokens(mel_frames(clip->samples.size())) == entry.sound.tokens
               ? mel_of(*clip, *senses_.sounds)
               : Result<pack::MediaInput>(changed(entry.file));
  }
  const auto picture = screen::read_picture(entry.file);
  if (!picture) {
    return picture.error();
  }
  return PictureSize{picture->width, picture->height} == entry.picture.original
             ? patches_of(*picture, *senses_.pictures)
             : Result<pack::MediaInput>(changed(entry.file));
}

} // namespace yanxing::media
