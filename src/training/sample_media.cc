#include "training/sample_media.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

namespace yanxing::training {
namespace fs = std::filesystem;

Result<SampleMedia> SampleMedia::open(const fs::path &model, const PixelLimits &limits) {
  auto senses = media::senses_of(model);
  if (!senses) {
    return senses.error();
  }
  SampleMedia result;
  if (!senses->pictures && !senses->sounds) {
    return result;
  }
  if (senses->pictures) {
    auto &pictures = *senses->pictures;
    pictures.most_pixels = limits.most > 0 ? limits.most : pictures.most_pixels;
    pictures.least_pixels = limits.least > 0 ? limits.least : std::min(pictures.least_pixels, pictures.most_pixels);
    if (pictures.least_pixels > pictures.most_pixels) {
      return Error{"--min_pixels is more than --max_pixels, which is " + std::to_string(pictures.most_pixels), ""};
    }
  }
  result.library_ = std::make_unique<media::Library>(std::move(*senses));
  result.writer_.emplace(*result.library_);
  return result;
}

void SampleMedia::serve(nn::Model &model) const {
  if (library_) {
    model.set_media_reader([library = library_.get()](std::int64_t source) { return library->read(source); });
  }
}

namespace {

struct Asked {
  const char *word; // in the type's name
  bool hears;
  const char *models;
};

// Words that others hold come later: qwen2_5_omni is no "vl", qwen_vl_chat no "qwen3_vl".
constexpr std::array kAsked{Asked{"omni", true, "Qwen2.5-Omni (Qwen/Qwen2.5-Omni-3B or -7B)"},
                            Asked{"audio", true, "Qwen2.5-Omni (Qwen/Qwen2.5-Omni-3B or -7B)"},
                            Asked{"qwen3_vl", false, "Qwen3-VL (Qwen/Qwen3-VL-2B-Instruct or -4B-Instruct)"},
                            Asked{"vl", false, "Qwen2.5-VL (Qwen/Qwen2.5-VL-3B-Instruct or -7B-Instruct)"}};

} // namespace

Result<std::optional<fs::path>> model_of_type(const std::string &model_type, const fs::path &models) {
  auto type = model_type;
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::tolower(c)); });
  const auto asked = std::find_if(kAsked.begin(), kAsked.end(),
                                  [&](const Asked &one) { return type.find(one.word) != std::string::npos; });
  if (asked == kAsked.end()) {
    return std::optional<fs::path>();
  }
  std::error_code code;
  std::set<fs::path> folders; // in order, so that runs are alike
  for (const auto &entry : fs::directory_iterator(models, code)) {
    if (fs::exists(entry.path() / "config.json", code)) {
      folders.insert(entry.path());
    }
  }
  for (const auto &folder : folders) {
    if (const auto senses = media::senses_of(folder);
        senses && (asked->hears ? senses->sounds.has_value() : senses->pictures.has_value())) {
      return std::optional(folder);
    }
  }
  return Error{"--model_type " + model_type + " asks for a model that " + (asked->hears ? "hears" : "sees") +
                   ", and there is none in " + models.string(),
               std::string("Fetch ") + asked->models +
                   " from ModelScope or Hugging Face and give its folder, with config.json, *.safetensors, "
                   "tokenizer.json and preprocessor_config.json: --model FOLDER"};
}

} // namespace yanxing::training
