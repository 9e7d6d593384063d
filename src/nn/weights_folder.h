// A whole checkpoint as Hugging Face's: config.json and model.safetensors.
#pragma once

#include "nn/checkpoint.h"
#include "nn/decoder.h"

namespace yanxing::nn {

// Trained weights in their own precision; frozen ones byte for byte as `source` has them where it has floats, else
// fp32 (so a quantised file's numbers stay exactly what they were). Tensors that the decoder does not know, a picture
// tower's, are copied, as are the folder's small files; of a GGUF file the vocabulary, as vocabulary.gguf.
// Errors: a full disk; a GGUF file whose rotation config.json cannot say.
Status write_weights(const std::filesystem::path &folder, Decoder &decoder, const Checkpoint &source);

// The trained weights of such a checkpoint, into the decoder's. Error: one is missing or of another shape.
Status read_trained(const std::filesystem::path &folder, Decoder &decoder, const Checkpoint &source);

// config.json for a model that came from GGUF. Error: reading it back would give another model.
Result<Json> describe(const DecoderConfig &config, const Json &metadata);

} // namespace yanxing::nn
