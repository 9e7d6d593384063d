// Rotary frequencies from a checkpoint's description: plain, linear, Llama-3, YaRN and LongRoPE scaling.
#pragma once

#include "nn/decoder_config.h"
#include "nn/fields.h"

namespace yanxing::nn {

// `parameters`: Hugging Face's rope_parameters (or the older rope_scaling with theta beside it).
RopeConfig rope_from_hf(Fields &parameters, float theta, std::int64_t rotated, std::int64_t context);

// GGUF keys rope.freq_base, rope.scaling.*. Factors that the file keeps as tensors are applied when it is opened.
RopeConfig rope_from_gguf(Fields &metadata, float theta, std::int64_t rotated, std::int64_t context);

// base^(−2i / rotated), each divided by `factor`.
std::vector<float> inverse_frequencies(float theta, std::int64_t rotated, float factor = 1.0F);

} // namespace yanxing::nn
