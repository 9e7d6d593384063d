// Qwen3-VL: Qwen3 with positions in three dimensions that take turns among a head's pairs, and a vision tower that the
// decoder's first layers hear from too.
#include "nn/family.h"
#include "nn/tower_loading.h"
#include "nn/towers/plain_vision.h"

namespace yanxing::nn {
namespace {

DecoderConfig from_hf(Fields &config) {
  auto decoder = usual_from_hf(config);
  decoder.qk_norm = true;
  three_axes(config, decoder, {24, 20, 20}, true);
  decoder.module_prefix = "model.language_model.";
  return decoder;
}

Result<Towers> towers(const Checkpoint &checkpoint, const TowerOptions &options) {
  TowerLoading loading(checkpoint, options, {"model.visual.", "visual."}, "model.visual.");
  auto vision = loading.description("vision_config");
  const auto config = plain_vision_from_hf(vision);
  return loading.finish(vision, [&](WeightReader &tower, WeightReader &aligner) {
    return make_plain_vision(config, loading.prefix(), tower, aligner);
  });
}

} // namespace

Family make_qwen3_vl_family() {
  Family family;
  family.name = "qwen3_vl";
  family.model_types = {"qwen3_vl_text", "qwen3_vl"};
  family.from_hf = from_hf;
  family.towers = towers;
  return family;
}

} // namespace yanxing::nn
