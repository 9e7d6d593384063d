#include "nn/towers/whisper_audio.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/zeros.h>

#include <array>
#include <cmath>
#include <stdexcept>

namespace yanxing::nn {
namespace {

constexpr double kEpsilon = 1e-5;
constexpr double kSlowest = 10000; // of the sinusoids' periods
constexpr std::int64_t kMost = 1 << 16;
constexpr std::int64_t kLongest = 1 << 12; // mel frames that hear each other

struct Block {
  Norm attention_norm;
  Norm mlp_norm;
  Linear q;
  Linear k;
  Linear v;
  Linear out;
  Linear in;
  Linear down;
};

struct Shared {
  std::vector<std::int64_t> stretches; // frames that hear each other, after the convolutions
  Pass pass;
};

at::Tensor normed(const at::Tensor &x, const Norm &norm) {
  return at::layer_norm(x, {x.size(-1)}, norm.weight, norm.bias, kEpsilon);
}

// A convolution of width 3 with a zero on either side, as a matrix: x (in, frames) → (frames / stride, out)
at::Tensor convolved(const at::Tensor &x, const Linear &kernel, std::int64_t stride, const Pass &pass) {
  const auto zero = at::zeros({x.size(0), 1}, x.options().requires_grad(false));
  const auto columns = at::cat({zero, x, zero}, 1).unfold(1, 3, stride); // (in, out frames, 3)
  return apply(columns.permute({1, 0, 2}).reshape({columns.size(1), 3 * x.size(0)}), kernel, pass);
}

class WhisperAudio : public Tower {
public:
  WhisperAudio(const WhisperAudioConfig &config, const std::string &prefix, WeightReader &tower, WeightReader &aligner)
      : config_(config) {
    const auto hidden = config_.hidden;
    first_ = tower.flattened(prefix + "conv1", hidden, 3 * config_.bins);
    second_ = tower.flattened(prefix + "conv2", hidden, 3 * hidden);
    for (std::int64_t i = 0; i < config_.layers && !tower.error(); ++i) {
      blocks_.push_back(read_block(prefix + "layers." + std::to_string(i) + ".", tower));
    }
    norm_ = tower.layer_norm(prefix + "ln_post", hidden);
    project_ = aligner.linear(prefix + "proj", config_.out, hidden);
    if (!tower.error()) {
      make_sinusoids();
    }
  }

  [[nodiscard]] MediaInput::Kind kind() const override { return MediaInput::Kind::kSound; }

  [[nodiscard]] Seen encode(const MediaInput &input, const Pass &pass) const override {
    const auto frames = input.width;
    if (input.kind != kind() || input.height != config_.bins || frames < 3) {
      throw std::runtime_error("a sound has another number of mel bins than the tower, or is too short");
    }
    auto shared = std::make_shared<Shared>();
    shared->pass = pass;
    const auto mel = values_of(input, config_.bins, frames);
    std::vector<at::Tensor> parts;
    for (std::int64_t begin = 0; begin < frames; begin += config_.stretch) {
      const auto length = std::min(config_.stretch, frames - begin);
      const auto wide = at::gelu(convolved(mel.narrow(1, begin, length), first_, 1, pass)); // (length, hidden)
      auto part = at::gelu(convolved(wide.t(), second_, 2, pass));
      parts.push_back(part.add(sinusoids_.narrow(0, 0, part.size(0))));
      shared->stretches.push_back(part.size(0));
    }
    auto x = at::cat(parts); // (frames / 2, hidden)
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      x = block(x, recompute(), [this, i, shared](const at::Tensor &in) { return run(in, blocks_[i], *shared); });
    }
    const auto tokens = x.size(0) / 2;
    const auto paired = x.narrow(0, 0, 2 * tokens).unflatten(0, {tokens, 2}).mean(1);
    return {apply(normed(paired, norm_), project_, pass), {}};
  }

  void for_each_linear(const std::function<void(Linear &, Part)> &visit, bool whole) override {
    if (whole) {
      visit(first_, Part::kTower);
      visit(second_, Part::kTower);
    }
    for (auto &one : blocks_) {
      for (auto *linear : {&one.q, &one.k, &one.v, &one.out, &one.in, &one.down}) {
        visit(*linear, Part::kTower);
      }
    }
    visit(project_, Part::kAligner);
  }

  void for_each_norm(const std::function<void(Norm &, Part)> &visit) override {
    for (auto &one : blocks_) {
      visit(one.attention_norm, Part::kTower);
      visit(one.mlp_norm, Part::kTower);
    }
    visit(norm_, Part::kTower);
  }

private:
  Block read_block(const std::string &name, WeightReader &reader) const {
    const auto hidden = config_.hidden;
    Block one;
    one.attention_norm = reader.layer_norm(name + "self_attn_layer_norm", hidden);
    one.mlp_norm = reader.layer_norm(name + "final_layer_norm", hidden);
    one.q = reader.linear(name + "self_attn.q_proj", hidden, hidden);
    one.k = reader.linear(name + "self_attn.k_proj", hidden, hidden);
    one.v = reader.linear(name + "self_attn.v_proj", hidden, hidden);
    one.out = reader.linear(name + "self_attn.out_proj", hidden, hidden);
    one.in = reader.linear(name + "fc1", config_.intermediate, hidden);
    one.down = reader.linear(name + "fc2", hidden, config_.intermediate);
    return one;
  }

  // Sines, then cosines, of places within a stretch: (stretch / 2, hidden)
  void make_sinusoids() {
    const auto half = config_.hidden / 2;
    const auto places = (config_.stretch + 1) / 2;
    sinusoids_ = at::empty({places, config_.hidden}, at::kFloat);
    float *out = sinusoids_.mutable_data_ptr<float>();
    const auto step = static_cast<float>(std::log(kSlowest) / static_cast<double>(half - 1));
    for (std::int64_t place = 0; place < places; ++place) {
      for (std::int64_t i = 0; i < half; ++i) {
        const float angle = static_cast<float>(place) * std::exp(-step * static_cast<float>(i));
        out[place * config_.hidden + i] = std::sin(angle);
        out[place * config_.hidden + half + i] = std::cos(angle);
      }
    }
  }

  [[nodiscard]] at::Tensor run(const at::Tensor &x, const Block &one, const Shared &shared) const {
    const std::array<const Linear *, 3> three = {&one.q, &one.k, &one.v};
    const auto parts = apply(normed(x, one.attention_norm), three, shared.pass);
    const auto heads = [&](const at::Tensor &part) { return part.unflatten(1, {config_.heads, -1}); };
    const auto scale = 1.0F / std::sqrt(static_cast<float>(config_.hidden / config_.heads));
    const auto mixed = attend_within(heads(parts[0]), heads(parts[1]), heads(parts[2]), shared.stretches, scale);
    const auto after = x.add(apply(mixed, one.out, shared.pass));
    const auto wide = at::gelu(apply(normed(after, one.mlp_norm), one.in, shared.pass));
    return after.add(apply(wide, one.down, shared.pass));
  }

  WhisperAudioConfig config_;
  Linear first_;
  Linear second_;
  std::vector<Block> blocks_;
  Norm norm_;
  Linear project_;
  at::Tensor sinusoids_;
};

} // namespace

WhisperAudioConfig whisper_audio_from_hf(Fields &config) {
  WhisperAudioConfig audio;
  audio.hidden = config.size("d_model");
  audio.intermediate = config.size("encoder_ffn_dim");
  audio.heads = config.size("encoder_attention_heads");
  audio.layers = config.size("encoder_layers");
  audio.out = config.size("output_dim");
  audio.bins = config.size_or("num_mel_bins", 128);
  audio.stretch = 2 * config.size_or("n_window", 100);
  if (audio.layers > kMost || audio.hidden > kMost || audio.bins > kMost || audio.stretch > kLongest ||
      audio.hidden < 4 || audio.hidden % 2 != 0 || audio.hidden % audio.heads != 0) {
    config.fail("the audio tower's layers, heads or stretches are impossible");
  }
  if (const auto activation = config.text_or("activation_function", "gelu"); activation != "gelu") {
    config.fail("the audio tower's activation " + activation + " is not known");
  }
  return audio;
}

std::unique_ptr<Tower> make_whisper_audio(const WhisperAudioConfig &config, const std::string &prefix,
                                          WeightReader &tower, WeightReader &aligner) {
  return std::make_unique<WhisperAudio>(config, prefix, tower, aligner);
}

} // namespace yanxing::nn
