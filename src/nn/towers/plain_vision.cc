#include "nn/towers/plain_vision.h"

#include "nn/kernels.h"
#include "nn/tower_loading.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace yanxing::nn {
namespace {

constexpr double kEpsilon = 1e-6;
constexpr float kTheta = 10000.0F;
constexpr std::int64_t kMost = 1 << 16; // layers, and places of the table

struct Block {
  Norm attention_norm;
  Norm mlp_norm;
  Linear qkv;
  Linear out;
  Linear in;
  Linear down;
};

struct Merger {
  Norm norm;
  Linear in;
  Linear out;
  bool norm_after = false; // the patches are put side by side before they are normed
};

// Row and column of each patch, in the order of the blocks that are merged.
struct Places {
  std::vector<std::int64_t> rows;
  std::vector<std::int64_t> columns;
};

struct Shared {
  Rotation rotation;
  Pass pass;
};

at::Tensor normed(const at::Tensor &x, const Norm &norm) {
  return at::layer_norm(x, {x.size(-1)}, norm.weight, norm.bias, kEpsilon);
}

// Where `index` of `size` places falls between the table's places, ends on ends.
struct Between {
  std::int64_t low;
  std::int64_t high;
  float share; // of the high one
};
Between between(std::int64_t index, std::int64_t size, std::int64_t side) {
  const float at = static_cast<float>(index) * static_cast<float>(side - 1) /
                   static_cast<float>(std::max<std::int64_t>(size - 1, 1));
  const auto low = static_cast<std::int64_t>(std::floor(at));
  return {low, std::min(low + 1, side - 1), at - static_cast<float>(low)};
}

class PlainVision : public Tower {
public:
  PlainVision(PlainVisionConfig config, const std::string &prefix, WeightReader &tower, WeightReader &aligner)
      : config_(std::move(config)) {
    const auto hidden = config_.hidden;
    patches_ = tower.flattened(prefix + "patch_embed.proj", hidden, config_.patch_numbers);
    table_ = tower.linear(prefix + "pos_embed", config_.side * config_.side, hidden);
    for (std::int64_t i = 0; i < config_.layers && !tower.error(); ++i) {
      blocks_.push_back(read_block(prefix + "blocks." + std::to_string(i) + ".", tower));
    }
    for (std::size_t i = 0; i < config_.deep.size() && !aligner.error(); ++i) {
      deep_.push_back(read_merger(prefix + "deepstack_merger_list." + std::to_string(i) + ".", true, aligner));
    }
    merger_ = read_merger(prefix + "merger.", false, aligner);
  }

  [[nodiscard]] MediaInput::Kind kind() const override { return MediaInput::Kind::kPicture; }

  [[nodiscard]] Seen encode(const MediaInput &input, const Pass &pass) const override {
    if (input.kind != kind() || input.height % config_.merge != 0 || input.width % config_.merge != 0) {
      throw std::runtime_error("a picture's patches are no whole number of the tower's blocks");
    }
    const auto places = places_of(input.height, input.width);
    auto shared = std::make_shared<Shared>(
        Shared{plane_rotation(places.rows, places.columns, config_.hidden / config_.heads, kTheta), pass});
    auto x = apply(values_of(input, input.height * input.width, config_.patch_numbers), patches_, pass);
    x = x.add(positions(places, input.height, input.width)); // (patches, hidden)
    Seen seen;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      x = block(x, recompute(), [this, i, shared](const at::Tensor &in) { return run(in, blocks_[i], *shared); });
      const auto deep = std::find(config_.deep.begin(), config_.deep.end(), static_cast<std::int64_t>(i));
      if (deep != config_.deep.end()) {
        seen.levels.push_back(merged(x, deep_[static_cast<std::size_t>(deep - config_.deep.begin())], pass));
      }
    }
    seen.tokens = merged(x, merger_, pass);
    return seen;
  }

  void for_each_linear(const std::function<void(Linear &, Part)> &visit, bool whole) override {
    if (whole) {
      visit(patches_, Part::kTower);
      visit(table_, Part::kTower);
    }
    for (auto &one : blocks_) {
      for (auto *linear : {&one.qkv, &one.out, &one.in, &one.down}) {
        visit(*linear, Part::kTower);
      }
    }
    visit(merger_.in, Part::kAligner);
    visit(merger_.out, Part::kAligner);
    for (auto &one : deep_) {
      visit(one.in, Part::kAligner);
      visit(one.out, Part::kAligner);
    }
  }

  void for_each_norm(const std::function<void(Norm &, Part)> &visit) override {
    for (auto &one : blocks_) {
      visit(one.attention_norm, Part::kTower);
      visit(one.mlp_norm, Part::kTower);
    }
    visit(merger_.norm, Part::kAligner);
    for (auto &one : deep_) {
      visit(one.norm, Part::kAligner);
    }
  }

private:
  Block read_block(const std::string &name, WeightReader &reader) const {
    const auto hidden = config_.hidden;
    Block one;
    one.attention_norm = reader.layer_norm(name + "norm1", hidden);
    one.mlp_norm = reader.layer_norm(name + "norm2", hidden);
    one.qkv = reader.linear(name + "attn.qkv", 3 * hidden, hidden);
    one.out = reader.linear(name + "attn.proj", hidden, hidden);
    one.in = reader.linear(name + "mlp.linear_fc1", config_.intermediate, hidden);
    one.down = reader.linear(name + "mlp.linear_fc2", hidden, config_.intermediate);
    return one;
  }

  Merger read_merger(const std::string &name, bool norm_after, WeightReader &reader) const {
    const auto wide = config_.hidden * config_.merge * config_.merge;
    return {reader.layer_norm(name + "norm", norm_after ? wide : config_.hidden),
            reader.linear(name + "linear_fc1", wide, wide), reader.linear(name + "linear_fc2", config_.out, wide),
            norm_after};
  }

  [[nodiscard]] Places places_of(std::int64_t height, std::int64_t width) const {
    const auto merge = config_.merge;
    Places places;
    for (std::int64_t top = 0; top < height; top += merge) {
      for (std::int64_t left = 0; left < width; left += merge) {
        for (std::int64_t patch = 0; patch < merge * merge; ++patch) {
          places.rows.push_back(top + patch / merge);
          places.columns.push_back(left + patch % merge);
        }
      }
    }
    return places;
  }

  // The table between its four nearest places: (patches, hidden)
  [[nodiscard]] at::Tensor positions(const Places &places, std::int64_t height, std::int64_t width) const {
    std::array<std::vector<std::int64_t>, 4> rows;
    std::array<std::vector<float>, 4> shares;
    for (std::size_t i = 0; i < places.rows.size(); ++i) {
      const auto y = between(places.rows[i], height, config_.side);
      const auto x = between(places.columns[i], width, config_.side);
      for (std::size_t tap = 0; tap < 4; ++tap) {
        const bool lower = tap / 2 == 1;
        const bool right = tap % 2 == 1;
        rows.at(tap).push_back((lower ? y.high : y.low) * config_.side + (right ? x.high : x.low));
        shares.at(tap).push_back((lower ? y.share : 1 - y.share) * (right ? x.share : 1 - x.share));
      }
    }
    at::Tensor sum;
    for (std::size_t tap = 0; tap < 4; ++tap) {
      const auto taken = table_.trained.defined() ? at::embedding(table_.trained, at::tensor(rows.at(tap)))
                                                  : table_.weight.gather(rows.at(tap));
      const auto part = taken.mul(at::tensor(shares.at(tap)).unsqueeze(1));
      sum = sum.defined() ? sum.add(part) : part;
    }
    return sum;
  }

  [[nodiscard]] at::Tensor run(const at::Tensor &x, const Block &one, const Shared &shared) const {
    const auto parts = apply(normed(x, one.attention_norm), one.qkv, shared.pass).chunk(3, 1);
    const auto heads = [&](const at::Tensor &part) { return part.unflatten(1, {config_.heads, -1}); };
    const auto scale = 1.0F / std::sqrt(static_cast<float>(config_.hidden / config_.heads));
    const auto mixed = attend_within(rotate(heads(parts[0]), shared.rotation), rotate(heads(parts[1]), shared.rotation),
                                     heads(parts[2]), {x.size(0)}, scale);
    const auto after = x.add(apply(mixed, one.out, shared.pass));
    const auto wide = at::gelu(apply(normed(after, one.mlp_norm), one.in, shared.pass), "tanh");
    return after.add(apply(wide, one.down, shared.pass));
  }

  // (patches, hidden) → (tokens, out)
  [[nodiscard]] at::Tensor merged(const at::Tensor &x, const Merger &merger, const Pass &pass) const {
    const auto wide = config_.hidden * config_.merge * config_.merge;
    const auto together =
        merger.norm_after ? normed(x.reshape({-1, wide}), merger.norm) : normed(x, merger.norm).reshape({-1, wide});
    return apply(at::gelu(apply(together, merger.in, pass)), merger.out, pass);
  }

  PlainVisionConfig config_;
  Linear patches_;
  Linear table_;
  std::vector<Block> blocks_;
  Merger merger_;
  std::vector<Merger> deep_;
};

} // namespace

PlainVisionConfig plain_vision_from_hf(Fields &config) {
  PlainVisionConfig vision;
  vision.hidden = config.size("hidden_size");
  vision.intermediate = config.size("intermediate_size");
  vision.heads = config.size_or("num_heads", 16);
  vision.layers = config.size_or("depth", 27);
  vision.out = config.size("out_hidden_size");
  vision.merge = config.size_or("spatial_merge_size", 2);
  vision.patch_numbers = patch_numbers(config, 16);
  const auto positions = config.size_or("num_position_embeddings", 2304);
  vision.side = static_cast<std::int64_t>(std::sqrt(static_cast<double>(positions)));
  if (vision.layers > kMost || positions > kMost * kMost || vision.side * vision.side != positions ||
      vision.hidden % (4 * vision.heads) != 0) {
    config.fail("the vision tower's layers, table of positions or heads are impossible");
  }
  const auto *deep = config.find("deepstack_visual_indexes");
  for (const auto &index : deep != nullptr && deep->is_array() ? *deep : Json{8, 16, 24}) {
    const auto layer = index.is_number_integer() ? index.get<std::int64_t>() : -1;
    if (layer < 0 || layer >= vision.layers || (!vision.deep.empty() && layer <= vision.deep.back())) {
      config.fail("deepstack_visual_indexes names layers that are not there, or not in order");
      break;
    }
    vision.deep.push_back(layer);
  }
  return vision;
}

std::unique_ptr<Tower> make_plain_vision(const PlainVisionConfig &config, const std::string &prefix,
                                         WeightReader &tower, WeightReader &aligner) {
  return std::make_unique<PlainVision>(config, prefix, tower, aligner);
}

} // namespace yanxing::nn
