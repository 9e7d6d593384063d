// What a Hugging Face folder says about a model that comes from a GGUF file.
#pragma once

#include "nn/checkpoint.h"

#include "base/json.h"

namespace yanxing::convert {

// config.json, in the form that transformers has read since version 4.40. Error: a rotary embedding that it cannot
// express.
Result<Json> hf_config(const nn::Checkpoint &gguf);

} // namespace yanxing::convert
