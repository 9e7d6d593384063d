// Qwen2.5-Omni's thinker: Qwen2.5 with positions in three dimensions, Qwen2.5-VL's vision tower and whisper's ears. The
// talker, which speaks, is not trained and not read.
#include "nn/family.h"
#include "nn/tower_loading.h"
#include "nn/towers/whisper_audio.h"
#include "nn/towers/window_vision.h"

namespace yanxing::nn {
namespace {

DecoderConfig from_hf(Fields &config) {
  auto decoder = usual_from_hf(config);
  three_axes(config, decoder, {16, 24, 24}, false);
  decoder.module_prefix = "model.language_model.";
  return decoder;
}

Result<Towers> towers(const Checkpoint &checkpoint, const TowerOptions &options) {
  const auto part = [&](const std::string &name) {
    const bool whole = checkpoint.description().contains("thinker_config");
    return TowerLoading(checkpoint, options, {"thinker." + name, name, "thinker.model." + name, "model." + name},
                        (whole ? "thinker.model." : "model.") + name);
  };
  auto seeing = part("visual.");
  auto vision = seeing.description("vision_config");
  auto vision_config = window_vision_from_hf(vision);
  vision_config.separate_qkv = true;
  auto result = seeing.finish(vision, [&](WeightReader &tower, WeightReader &aligner) {
    return make_window_vision(vision_config, seeing.prefix(), tower, aligner);
  });
  if (!result) {
    return result;
  }
  auto hearing = part("audio_tower.");
  auto audio = hearing.description("audio_config");
  const auto audio_config = whisper_audio_from_hf(audio);
  auto ears = hearing.finish(audio, [&](WeightReader &tower, WeightReader &aligner) {
    return make_whisper_audio(audio_config, hearing.prefix(), tower, aligner);
  });
  if (!ears) {
    return ears;
  }
  result->push_back(std::move(ears->front()));
  return result;
}

} // namespace

Family make_qwen2_5_omni_family() {
  Family family;
  family.name = "qwen2_5_omni";
  family.model_types = {"qwen2_5_omni_text", "qwen2_5_omni_thinker", "qwen2_5_omni"};
  family.from_hf = from_hf;
  family.towers = towers;
  return family;
}

} // namespace yanxing::nn
