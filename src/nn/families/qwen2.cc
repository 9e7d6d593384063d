// Qwen2 and Qwen2.5: biases on q, k and v. The text part of Qwen2-VL describes itself the same way.
#include "nn/family.h"

namespace yanxing::nn {
namespace {

DecoderConfig from_hf(Fields &config) {
  auto decoder = usual_from_hf(config);
  const bool sliding = config.flag_or("use_sliding_window", false);
  const auto window = sliding ? config.size_or("sliding_window", 0) : 0;
  if (!windows_from_layer_types(config, decoder, window) && sliding) {
    const auto first = static_cast<std::size_t>(config.size_or("max_window_layers", 28));
    for (std::size_t i = first; i < decoder.layers.size(); ++i) {
      decoder.layers[i].window = window;
    }
  }
  return decoder;
}

// Qwen2-VL's positions have parts for time, height and width; the language model alone is an architecture of its own.
void to_gguf(const DecoderConfig & /*decoder*/, const Json &config, std::string &architecture, Json &values) {
  for (const char *name : {"rope_scaling", "rope_parameters"}) {
    const auto rope = config.find(name);
    if (rope == config.end() || !rope->is_object() || !rope->contains("mrope_section")) {
      continue;
    }
    architecture = "qwen2vl";
    auto sections = (*rope)["mrope_section"];
    while (sections.is_array() && sections.size() < 4) {
      sections.push_back(0);
    }
    values["rope.dimension_sections"] = sections;
  }
}

} // namespace

Family make_qwen2_family() {
  Family family;
  family.name = "qwen2";
  family.model_types = {"qwen2", "qwen2_vl_text"};
  family.architectures = {"qwen2", "qwen2vl"};
  family.from_hf = from_hf;
  family.from_gguf = usual_from_gguf;
  family.hf_class = "Qwen2ForCausalLM";
  family.to_gguf = to_gguf;
  return family;
}

} // namespace yanxing::nn
