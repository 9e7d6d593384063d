#pragma once

// One row of tokens that the model computes at once, and where it is asked for a prediction.
//
// Samples stand side by side in a row without padding. A segment is a run of tokens; segments form a forest:
// a token sees its own segment up to itself and every token of the segment's ancestors, nothing else. Plain packing
// is a forest of roots; samples with the same instructions, actions and screen share them as one parent segment
// ("shared-prefix packing", tree attention), computed once with gradients equal to the unshared computation.
//
// No torch here: the packer, its tests and the data verbs use this without libtorch.

#include <array>
#include <cstdint>
#include <vector>

namespace yanxing::pack {

struct Segment {
  std::int64_t begin = 0;   // first token in the row
  std::int64_t end = 0;     // one past the last
  std::int64_t parent = -1; // an earlier segment's index; -1: a root
};

// The token that should follow a place in the row. A shared prefix's last token may have several targets,
// one for each child, which is why targets are a list and not an array beside the tokens.
struct Target {
  std::int64_t at = 0;     // index in the row of the token that predicts
  std::int64_t token = 0;  // what should come next
  float weight = 1.0F;     // 0 is never stored
  std::int64_t sample = 0; // index of the sample within the row's `samples`
};

// Tokens that stand for a picture or a sound: what a tower makes of it takes the place of their embeddings.
struct Media {
  std::int64_t begin = 0;  // first token in the row
  std::int64_t end = 0;    // one past the last
  std::int64_t source = 0; // which of the data set's pictures and sounds; one source may stand in several places
};

// Time, height and width: where a token is for M-RoPE (arXiv:2409.12191 §2.1). A text's token has its place thrice.
using Axes = std::array<std::int64_t, 3>;

struct PackedRow {
  std::vector<std::int64_t> tokens;    // (tokens)
  std::vector<std::int64_t> positions; // (tokens); a child's positions go on where its parent's end
  std::vector<Segment> segments;       // parents before children; together they cover the row without gaps
  std::vector<Target> targets;         // in order of `at`
  std::vector<std::int64_t> samples;   // the data set's index of each sample in this row
  std::vector<Media> media;            // in order of `begin`
  std::vector<Axes> axes;              // (tokens) where the row holds media, else empty: `positions` thrice
};

} // namespace yanxing::pack
