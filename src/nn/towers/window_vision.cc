// Patches come in the order of the blocks that are merged into one token; a block keeps its patches together while
// blocks are put in the order of their windows, so that a window is a run of rows.
#include "nn/towers/window_vision.h"

#include "nn/kernels.h"
#include "nn/tower_loading.h"

#include <ATen/ops/gelu.h>
#include <ATen/ops/tensor.h>

#include <array>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace yanxing::nn {
namespace {

constexpr float kEpsilon = 1e-6F;
constexpr float kTheta = 10000.0F;
constexpr std::int64_t kMostLayers = 1024;

struct Block {
  Norm attention_norm;
  Norm mlp_norm;
  std::vector<Linear> qkv; // one, or three where they are separate
  Linear out;
  Linear gate;
  Linear up;
  Linear down;
};

// Where each token of a picture goes, and what attends to what.
struct Plan {
  std::vector<std::int64_t> order;   // place in the order of windows → token
  std::vector<std::int64_t> places;  // token → place
  std::vector<std::int64_t> windows; // patches of each window
  Rotation rotation;                 // of the patches in the order of windows
};

// What all blocks of one pass share.
struct Shared {
  Plan plan;
  Pass pass;
  float scale = 1.0F;
};

class WindowVision : public Tower {
public:
  WindowVision(WindowVisionConfig config, const std::string &prefix, WeightReader &tower, WeightReader &aligner)
      : config_(std::move(config)) {
    const auto hidden = config_.hidden;
    patches_ = tower.flattened(prefix + "patch_embed.proj", hidden, config_.patch_numbers);
    for (std::size_t i = 0; i < config_.full.size() && !tower.error(); ++i) {
      blocks_.push_back(read_block(prefix + "blocks." + std::to_string(i) + ".", tower));
    }
    const auto wide = hidden * config_.merge * config_.merge;
    merger_norm_ = aligner.rms_norm(prefix + "merger.ln_q", hidden);
    merger_in_ = aligner.linear(prefix + "merger.mlp.0", wide, wide);
    merger_out_ = aligner.linear(prefix + "merger.mlp.2", config_.out, wide);
  }

  [[nodiscard]] MediaInput::Kind kind() const override { return MediaInput::Kind::kPicture; }

  [[nodiscard]] Seen encode(const MediaInput &input, const Pass &pass) const override {
    if (input.kind != kind() || input.height % config_.merge != 0 || input.width % config_.merge != 0) {
      throw std::runtime_error("a picture's patches are no whole number of the tower's blocks");
    }
    const auto patches = input.height * input.width;
    const auto unit = config_.merge * config_.merge;
    const auto head_dim = config_.hidden / config_.heads;
    auto shared = std::make_shared<Shared>(
        Shared{plan(input.height, input.width), pass, 1.0F / std::sqrt(static_cast<float>(head_dim))});
    const auto order = at::tensor(shared->plan.order);
    auto x = apply(values_of(input, patches, config_.patch_numbers), patches_, pass); // (patches, hidden)
    x = x.unflatten(0, {patches / unit, unit}).index_select(0, order).flatten(0, 1);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      x = block(x, recompute(), [this, i, shared](const at::Tensor &in) { return run(in, i, *shared); });
    }
    x = rms_norm(x, merger_norm_.weight, kEpsilon).reshape({patches / unit, unit * config_.hidden});
    x = apply(at::gelu(apply(x, merger_in_, pass)), merger_out_, pass); // (tokens, out)
    return {x.index_select(0, at::tensor(shared->plan.places)), {}};
  }

  void for_each_linear(const std::function<void(Linear &, Part)> &visit, bool whole) override {
    if (whole) {
      visit(patches_, Part::kTower);
    }
    for (auto &one : blocks_) {
      for (auto &linear : one.qkv) {
        visit(linear, Part::kTower);
      }
      for (auto *linear : {&one.out, &one.gate, &one.up, &one.down}) {
        visit(*linear, Part::kTower);
      }
    }
    visit(merger_in_, Part::kAligner);
    visit(merger_out_, Part::kAligner);
  }

  void for_each_norm(const std::function<void(Norm &, Part)> &visit) override {
    for (auto &one : blocks_) {
      visit(one.attention_norm, Part::kTower);
      visit(one.mlp_norm, Part::kTower);
    }
    visit(merger_norm_, Part::kAligner);
  }

private:
  Block read_block(const std::string &name, WeightReader &reader) const {
    const auto hidden = config_.hidden;
    Block one;
    one.attention_norm = reader.rms_norm(name + "norm1", hidden);
    one.mlp_norm = reader.rms_norm(name + "norm2", hidden);
    if (config_.separate_qkv) {
      for (const char *part : {"attn.q", "attn.k", "attn.v"}) {
        one.qkv.push_back(reader.linear(name + part, hidden, hidden));
      }
    } else {
      one.qkv.push_back(reader.linear(name + "attn.qkv", 3 * hidden, hidden));
    }
    one.out = reader.linear(name + "attn.proj", hidden, hidden);
    one.gate = reader.linear(name + "mlp.gate_proj", config_.intermediate, hidden);
    one.up = reader.linear(name + "mlp.up_proj", config_.intermediate, hidden);
    one.down = reader.linear(name + "mlp.down_proj", hidden, config_.intermediate);
    return one;
  }

  // height, width: patches.
  [[nodiscard]] Plan plan(std::int64_t height, std::int64_t width) const {
    const auto merge = config_.merge;
    const auto window = config_.window;
    const auto rows = height / merge; // of tokens
    const auto columns = width / merge;
    Plan result;
    result.places.resize(static_cast<std::size_t>(rows * columns));
    std::vector<std::int64_t> patch_rows;
    std::vector<std::int64_t> patch_columns;
    for (std::int64_t top = 0; top < rows; top += window) {
      for (std::int64_t left = 0; left < columns; left += window) {
        const auto bottom = std::min(top + window, rows);
        const auto right = std::min(left + window, columns);
        result.windows.push_back((bottom - top) * (right - left) * merge * merge);
        for (auto row = top; row < bottom; ++row) {
          for (auto column = left; column < right; ++column) {
            result.places[static_cast<std::size_t>(row * columns + column)] =
                static_cast<std::int64_t>(result.order.size());
            result.order.push_back(row * columns + column);
            for (std::int64_t patch = 0; patch < merge * merge; ++patch) {
              patch_rows.push_back(row * merge + patch / merge);
              patch_columns.push_back(column * merge + patch % merge);
            }
          }
        }
      }
    }
    result.rotation = plane_rotation(patch_rows, patch_columns, config_.hidden / config_.heads, kTheta);
    return result;
  }

  [[nodiscard]] at::Tensor run(const at::Tensor &x, std::size_t index, const Shared &shared) const {
    const auto &one = blocks_[index];
    std::vector<const Linear *> layers;
    for (const auto &linear : one.qkv) {
      layers.push_back(&linear);
    }
    auto parts = apply(rms_norm(x, one.attention_norm.weight, kEpsilon), layers, shared.pass);
    if (parts.size() == 1) {
      parts = parts[0].chunk(3, 1);
    }
    const auto heads = [&](const at::Tensor &part) { return part.unflatten(1, {config_.heads, -1}); };
    const std::vector<std::int64_t> everything{x.size(0)};
    const auto mixed =
        attend_within(rotate(heads(parts[0]), shared.plan.rotation), rotate(heads(parts[1]), shared.plan.rotation),
                      heads(parts[2]), config_.full[index] ? everything : shared.plan.windows, shared.scale);
    const auto between = x.add(apply(mixed, one.out, shared.pass));
    const std::array<const Linear *, 2> two = {&one.gate, &one.up};
    const auto wide = apply(rms_norm(between, one.mlp_norm.weight, kEpsilon), two, shared.pass);
    return between.add(apply(gated(wide[0], wide[1], config_.activation, shared.pass.kept), one.down, shared.pass));
  }

  WindowVisionConfig config_;
  Linear patches_;
  std::vector<Block> blocks_;
  Norm merger_norm_;
  Linear merger_in_;
  Linear merger_out_;
};

} // namespace

WindowVisionConfig window_vision_from_hf(Fields &config) {
  WindowVisionConfig vision;
  vision.hidden = config.size("hidden_size");
  vision.intermediate = config.size("intermediate_size");
  vision.heads = config.size_or("num_heads", 16);
  vision.out = config.size("out_hidden_size");
  vision.merge = config.size_or("spatial_merge_size", 2);
  vision.patch_numbers = patch_numbers(config, 14);
  vision.window = config.size_or("window_size", 112) / vision.merge / config.size_or("patch_size", 14);
  const auto layers = config.size_or("depth", 32);
  if (layers > kMostLayers || vision.window < 1 || vision.hidden % (4 * vision.heads) != 0) {
    config.fail("the vision tower's layers, windows or heads are impossible");
    return vision;
  }
  vision.full.resize(static_cast<std::size_t>(layers), false);
  const auto *full = config.find("fullatt_block_indexes");
  for (const auto &index : full != nullptr && full->is_array() ? *full : Json{7, 15, 23, 31}) {
    if (index.is_number_integer() && index.get<std::int64_t>() >= 0 && index.get<std::int64_t>() < layers) {
      vision.full[index.get<std::size_t>()] = true;
    }
  }
  if (const auto activation = config.text_or("hidden_act", "silu"); activation != "silu") {
    config.fail("the vision tower's activation " + activation + " is not known");
  }
  return vision;
}

std::unique_ptr<Tower> make_window_vision(const WindowVisionConfig &config, const std::string &prefix,
                                          WeightReader &tower, WeightReader &aligner) {
  return std::make_unique<WindowVision>(config, prefix, tower, aligner);
}

} // namespace yanxing::nn
