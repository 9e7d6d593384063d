// The forward pass.
#include "nn/decoder.h"

#include "nn/attention.h"
#include "nn/dropout.h"
#include "nn/kernels.h"
#include "nn/recompute.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <stdexcept>

namespace yanxing::nn {
namespace {

// What all layers of one pass share.
struct Shared {
  DecoderConfig config;
  PackedRow row;
  std::vector<Rotation> rotations; // one for each of config.ropes
  Pass pass;
};

// Rows of a tensor or of the rotation; all of them where `places` is null.
at::Tensor rows_at(const at::Tensor &x, const std::vector<std::int64_t> *places) {
  return places == nullptr ? x : x.index_select(0, at::tensor(*places));
}

// The last layer's result is wanted at `places` only (null: everywhere); keys and values are needed of all tokens.
at::Tensor attention_block(const at::Tensor &x, const Layer &layer, const LayerConfig &own, const Shared &shared,
                           const std::vector<std::int64_t> *places) {
  const auto &config = shared.config;
  std::vector<at::Tensor> parts; // q, k, v: (tokens, heads · head_dim)
  if (layer.qkv) {
    const auto keys = config.kv_heads * config.head_dim;
    parts = apply(x, *layer.qkv, shared.pass).split_with_sizes({config.heads * config.head_dim, keys, keys}, 1);
    parts[0] = rows_at(parts[0], places);
  } else if (places != nullptr) {
    const std::array<const Linear *, 2> two = {&layer.k, &layer.v};
    parts = apply(x, two, shared.pass);
    parts.insert(parts.begin(), apply(rows_at(x, places), layer.q, shared.pass));
  } else {
    const std::array<const Linear *, 3> three = {&layer.q, &layer.k, &layer.v};
    parts = apply(x, three, shared.pass);
  }
  auto q = parts[0].unflatten(1, {config.heads, config.head_dim}); // (places or tokens, heads, head_dim)
  auto k = parts[1].unflatten(1, {config.kv_heads, config.head_dim});
  const auto v = parts[2].unflatten(1, {config.kv_heads, config.head_dim});
  if (config.qk_norm) {
    q = rms_norm(q, layer.q_norm.weight, config.norm_epsilon);
    k = rms_norm(k, layer.k_norm.weight, config.norm_epsilon);
  }
  const auto &turn = shared.rotations[own.rope];
  const Rotation query_turn{rows_at(turn.cosine, places), rows_at(turn.sine, places)};
  const AttentionShape shape{config.attention_scale, config.attention_softcap, own.window};
  const auto mixed = attend(rotate(q, query_turn), rotate(k, turn), v, shared.row, shape, places);
  return apply(mixed, layer.o, shared.pass);
}

at::Tensor mlp_block(const at::Tensor &x, const Mlp &mlp, const Shared &shared) {
  std::vector<at::Tensor> parts; // gate, up: (tokens, intermediate)
  if (mlp.gate_up) {
    parts = apply(x, *mlp.gate_up, shared.pass).chunk(2, 1);
  } else {
    const std::array<const Linear *, 2> two = {&mlp.gate, &mlp.up};
    parts = apply(x, two, shared.pass);
  }
  return apply(gated(parts[0], parts[1], shared.config.activation, shared.pass.kept), mlp.down, shared.pass);
}

// Each token's chosen experts, weighted by the router's probabilities.
at::Tensor experts_block(const at::Tensor &x, const Layer &layer, const Shared &shared) {
  const auto probabilities = at::softmax(apply(x, layer.router, shared.pass), -1); // (tokens, experts)
  auto [weights, chosen] = at::topk(probabilities, shared.config.experts_per_token, -1);
  if (shared.config.normalise_expert_weights) {
    weights = weights.div(weights.sum(-1, true));
  }
  auto result = at::zeros_like(x);
  for (std::size_t expert = 0; expert < layer.experts.size(); ++expert) {
    const auto places = at::nonzero(chosen.eq(static_cast<std::int64_t>(expert))); // (hits, {token, rank})
    if (places.size(0) == 0) {
      continue;
    }
    const auto tokens = places.select(1, 0);
    const auto weight = weights.flatten().index_select(0, tokens.mul(weights.size(1)).add(places.select(1, 1)));
    const auto out = mlp_block(x.index_select(0, tokens), layer.experts[expert], shared);
    result = result.index_add(0, tokens, out.mul(weight.unsqueeze(1)));
  }
  return result;
}

// x: (tokens, hidden) → (places or tokens, hidden)
at::Tensor run_layer(const at::Tensor &x, const Layer &layer, const LayerConfig &own, const Shared &shared,
                     const std::vector<std::int64_t> *places) {
  const float epsilon = shared.config.norm_epsilon;
  auto attended = attention_block(rms_norm(x, layer.attention_norm.weight, epsilon), layer, own, shared, places);
  if (layer.after_attention.weight.defined()) {
    attended = rms_norm(attended, layer.after_attention.weight, epsilon);
  }
  const auto between = rows_at(x, places).add(attended);
  const auto normed = rms_norm(between, layer.mlp_norm.weight, epsilon);
  auto out = own.sparse ? experts_block(normed, layer, shared) : mlp_block(normed, layer.mlp, shared);
  if (layer.after_mlp.weight.defined()) {
    out = rms_norm(out, layer.after_mlp.weight, epsilon);
  }
  return between.add(out);
}

// A row that breaks these rules is a bug of whoever packed it.
void check(const PackedRow &row, const std::vector<std::int64_t> &places, const DecoderConfig &config) {
  const auto tokens = static_cast<std::int64_t>(row.tokens.size());
  const auto require = [](bool good, const char *what) {
    if (!good) {
      throw std::logic_error(std::string("packed row: ") + what);
    }
  };
  require(tokens > 0, "no tokens");
  require(row.positions.size() == row.tokens.size(), "not one position for each token");
  for (const auto token : row.tokens) {
    require(token >= 0 && token < config.vocabulary, "a token outside the vocabulary");
  }
  std::int64_t end = 0;
  for (std::size_t i = 0; i < row.segments.size(); ++i) {
    const auto &segment = row.segments[i];
    require(segment.begin == end && segment.end > segment.begin, "segments leave gaps or are empty");
    require(segment.parent >= -1 && segment.parent < static_cast<std::int64_t>(i), "a segment before its parent");
    end = segment.end;
  }
  require(end == tokens, "segments do not cover the row");
  require(row.axes.empty() || row.axes.size() == row.tokens.size(), "not three positions for each token");
  std::int64_t media_end = 0;
  for (const auto &media : row.media) {
    require(media.begin >= media_end && media.end > media.begin && media.end <= tokens, "media overlap or are outside");
    media_end = media.end;
  }
  for (const auto place : places) {
    require(place >= 0 && place < tokens, "a target outside the row");
  }
}

} // namespace

at::Tensor Decoder::embed(const std::vector<std::int64_t> &tokens, const Pass &pass) const {
  auto rows = embedding_.trained.defined() ? at::embedding(embedding_.trained, at::tensor(tokens)).to(at::kFloat)
                                           : embedding_.weight.gather(tokens); // (tokens, hidden)
  if (pass.training && pass.embedding_noise > 0) {
    const auto limit = pass.embedding_noise / std::sqrt(static_cast<float>(rows.numel()));
    rows = rows.add(noise(rows.size(0), rows.size(1), limit, pass.dropout_seed));
  }
  return config_.embedding_scale == 1.0F ? rows : rows.mul(config_.embedding_scale);
}

at::Tensor Decoder::hidden(const PackedRow &row, const std::vector<std::int64_t> &places, const Pass &pass,
                           const MediaStates *media) const {
  check(row, places, config_);
  auto shared = std::make_shared<Shared>(Shared{config_, row, {}, pass});
  shared->pass.kept = kept_;
  for (const auto &rope : config_.ropes) {
    shared->rotations.push_back(rotation(rope, row));
  }
  const bool recompute = recompute_ && at::GradMode::is_enabled();
  const auto first = first_learning_layer();
  auto x = embed(row.tokens, pass);
  const auto media_places = media == nullptr ? at::Tensor() : at::tensor(media->places);
  const auto levels = media == nullptr ? std::size_t{0} : media->levels.size();
  if (media != nullptr) {
    x = x.index_copy(0, media_places, media->tokens);
  }
  // Several targets may stand at one place: each place is computed once.
  auto wanted = std::make_shared<std::vector<std::int64_t>>(places);
  std::sort(wanted->begin(), wanted->end());
  wanted->erase(std::unique(wanted->begin(), wanted->end()), wanted->end());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const bool last = i + 1 == layers_.size() && i >= levels; // what is added later must find all of the row
    const auto run = [&layer = layers_[i], &own = config_.layers[i], shared, wanted, last](const at::Tensor &input) {
      return run_layer(input, layer, own, *shared, last ? wanted.get() : nullptr);
    };
    x = rounded(x, kept_);
    if (recompute && i >= first && !x.requires_grad()) {
      x.set_requires_grad(true); // else autograd would not come back for what this layer learns
    }
    x = recompute && x.requires_grad() ? recomputed(x, kept_, run) : run(x);
    if (i < levels) { // not within what is recomputed: the tower's graph is walked once
      x = x.index_add(0, media_places, media->levels[i]);
    }
  }
  std::vector<std::int64_t> rows; // of each place among the wanted ones
  for (const auto place : places) {
    rows.push_back(
        levels >= layers_.size() ? place : std::lower_bound(wanted->begin(), wanted->end(), place) - wanted->begin());
  }
  return rms_norm(x.index_select(0, at::tensor(rows)), norm_.weight, config_.norm_epsilon);
}

} // namespace yanxing::nn
