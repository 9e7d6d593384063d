// Qwen2.5-VL: Qwen2.5 with positions in three dimensions and a vision tower with windows.
#include "nn/family.h"
#include "nn/tower_loading.h"
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
  TowerLoading loading(checkpoint, options, {"visual.", "model.visual."}, "model.visual.");
  auto vision = loading.description("vision_config");
  const auto config = window_vision_from_hf(vision);
  return loading.finish(vision, [&](WeightReader &tower, WeightReader &aligner) {
    return make_window_vision(config, loading.prefix(), tower, aligner);
  });
}

} // namespace

Family make_qwen2_5_vl_family() {
  Family family;
  family.name = "qwen2_5_vl";
  family.model_types = {"qwen2_5_vl_text", "qwen2_5_vl"};
  family.from_hf = from_hf;
  family.towers = towers;
  return family;
}

} // namespace yanxing::nn
