// The decoder's elementwise operations, each one autograd function that keeps only what its gradient needs.
#pragma once

#include "nn/decoder_config.h"
#include "nn/packed_row.h"

#include <ATen/core/Tensor.h>

namespace yanxing::nn {

// x / √(mean(x²) + epsilon) ⊙ weight over the last dimension. x: (…, n) contiguous; weight: (n).
at::Tensor rms_norm(const at::Tensor &x, const at::Tensor &weight, float epsilon);

// Cosines and sines of each token's angles: (tokens, rotated / 2) each. LongRoPE's long form is chosen for each tree of
// segments by its farthest position, so that packing changes nothing.
struct Rotation {
  at::Tensor cosine;
  at::Tensor sine;
};
Rotation rotation(const RopeConfig &rope, const PackedRow &row);

// Turns number i against number i + rotated/2 of each head; numbers beyond `rotated` stay. x: (tokens, heads,
// head_dim).
at::Tensor rotate(const at::Tensor &x, const Rotation &by);

// activation(gate) ⊙ up, both (tokens, n); until the backward pass they are kept in the precision `kept`.
at::Tensor gated(const at::Tensor &gate, const at::Tensor &up, Activation activation, at::ScalarType kept);

} // namespace yanxing::nn
