#include "quant/awq.h"

#include "quant/calibration.h"
#include "quant/layer_parts.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>

#include <functional>
#include <limits>
#include <set>

namespace yanxing::quant {
namespace {

constexpr int kRatios = 20;    // α = 0, 1/20, …; with 0 it is plain rounding, so the search never loses
constexpr int kClipSteps = 10; // down to half of a group's largest weight
constexpr double kClipStep = 0.05;

// A linear layer on its way: weight with all scales so far, and its kept inputs.
struct Work {
  nn::Linear *layer = nullptr;
  at::Tensor original;    // (out, in)
  at::Tensor weight;      // (out, in), scaled
  at::Tensor x;           // (tokens, in) as they were
  at::Tensor input_scale; // (in): what x is divided by
  bool clips = true;
};

at::Tensor same(const at::Tensor &s) { return s; }

// Σ ‖x·(Q(W·s)/s − W)ᵀ‖²
double loss(const at::Tensor &x, const std::vector<at::Tensor> &weights, const at::Tensor &s, const Grid &grid) {
  double sum = 0;
  for (const auto &weight : weights) {
    const auto off = rounded(weight.mul(s), grid).div_(s).sub_(weight);
    const auto error = x.mm(off.t()).norm().item<double>();
    sum += error * error;
  }
  return sum;
}

// `size`: mean |x|, of as many inputs as there are free scales; `spread` makes them one for each input.
at::Tensor best_scale(const at::Tensor &x, const at::Tensor &size, const std::vector<at::Tensor> &weights,
                      const Grid &grid, const std::function<at::Tensor(const at::Tensor &)> &spread) {
  double least = std::numeric_limits<double>::infinity();
  at::Tensor best;
  for (int i = 0; i < kRatios; ++i) {
    auto s = size.clamp_min(1e-8).pow(static_cast<double>(i) / kRatios).clamp_min_(1e-4);
    s.div_(s.max().mul(s.min()).sqrt()); // around one
    if (const auto now = loss(x, weights, spread(s), grid); now < least) {
      least = now;
      best = s;
    }
  }
  return best;
}

// The largest weight of each group that is kept: the bound whose output error is least.
at::Tensor clipped(const at::Tensor &weight, const at::Tensor &x, const Grid &grid) {
  const auto out = weight.size(0);
  const auto groups = weight.size(1) / grid.group_size;
  const auto parts = weight.reshape({out, groups, grid.group_size});
  const auto inputs = x.reshape({x.size(0), groups, grid.group_size}).transpose(0, 1); // (groups, tokens, n)
  const auto gram = at::bmm(inputs.transpose(1, 2), inputs);                           // (groups, n, n)
  const auto widest = parts.abs().amax(2, true);                                       // (out, groups, 1)
  auto bound = widest.clone();
  auto least = at::full_like(widest, std::numeric_limits<float>::infinity());
  for (int i = 0; i < kClipSteps; ++i) {
    const auto limit = widest.mul(1.0 - kClipStep * i);
    const auto cut = at::maximum(at::minimum(parts, limit), limit.neg());
    const auto off = rounded(cut.reshape(weight.sizes()), grid).sub_(weight).reshape(parts.sizes()).transpose(0, 1);
    const auto error = at::bmm(off, gram).mul_(off).sum(2, true).transpose(0, 1); // (out, groups, 1)
    const auto better = error.lt(least);
    least = at::where(better, error, least);
    bound = at::where(better, limit, bound);
  }
  return at::maximum(at::minimum(parts, bound), bound.neg()).reshape(weight.sizes());
}

class LayerQuantizer {
public:
  LayerQuantizer(const LayerParts &layer, const nn::DecoderConfig &config, const AwqSettings &settings,
                 QuantizedModel &result)
      : layer_(layer), config_(config), settings_(settings), result_(result) {}

  void quantize(const InputsOf &inputs) {
    attention(inputs);
    feed_forward(inputs);
    for (auto &work : works_) {
      finish(work);
    }
  }

private:
  void work_on(nn::Linear &layer, const Inputs &inputs, bool clips) {
    Work work;
    work.layer = &layer;
    work.original = layer.merged();
    work.weight = work.original.clone();
    work.x = inputs.kept;
    work.input_scale = at::ones_like(work.weight.select(0, 0));
    work.clips = clips;
    works_.push_back(std::move(work));
  }

  static void scale_inputs(Work &work, const at::Tensor &s) {
    work.weight.mul_(s);
    work.input_scale = work.input_scale.mul(s);
  }

  // Rows [begin, …) of what comes before are divided.
  void divide_rows(Work &before, std::int64_t begin, const at::Tensor &s) {
    before.weight.narrow(0, begin, s.size(0)).div_(s.unsqueeze(1));
    row_scales_.push_back({before.layer, begin, s});
    if (before.layer->bias.defined()) {
      const auto name = before.layer->name + ".bias";
      auto &bias = result_.replaced.emplace(name, before.layer->bias.detach().clone()).first->second;
      bias.narrow(0, begin, s.size(0)).div_(s);
    }
  }

  void divide_norm(const nn::Norm &norm, const at::Tensor &s) {
    result_.replaced[norm.name + ".weight"] = norm.weight.detach().div(s);
  }

  void attention(const InputsOf &inputs) {
    const auto &first = inputs.at(layer_.entry.front());
    std::vector<std::size_t> places;
    for (auto *linear : layer_.entry) {
      places.push_back(works_.size());
      // q and k are not clipped: their product is sensitive.
      work_on(*linear, first, layer_.entry.size() > 1 && linear == layer_.entry.back());
    }
    const auto out = works_.size();
    work_on(*layer_.out, inputs.at(layer_.out), true);
    if (!settings_.scale) {
      return;
    }
    divide_norm(*layer_.attention_norm, scale_group(places, first, same));
    const auto spread = [&](const at::Tensor &s) {
      const auto per = config_.heads / config_.kv_heads;
      return s.reshape({config_.kv_heads, 1, config_.head_dim}).expand({-1, per, -1}).reshape({-1});
    };
    auto shared = inputs.at(layer_.out);
    shared.mean_size = shared.mean_size.reshape({config_.kv_heads, -1, config_.head_dim}).mean(1).reshape({-1});
    divide_rows(works_[places.back()], layer_.value_row, scale_group({out}, shared, spread));
  }

  void feed_forward(const InputsOf &inputs) {
    std::vector<std::size_t> entries; // of all experts: they share the norm
    std::vector<std::size_t> downs;
    for (const auto &mlp : layer_.mlps) {
      for (auto *linear : mlp.entry) {
        entries.push_back(works_.size());
        work_on(*linear, inputs.at(mlp.entry.front()), true);
      }
      downs.push_back(works_.size());
      work_on(*mlp.down, inputs.at(mlp.down), true);
    }
    if (!settings_.scale) {
      return;
    }
    const auto &entry = inputs.at(layer_.router != nullptr ? layer_.router : layer_.mlps.front().entry.front());
    const auto s = scale_group(entries, entry, same);
    divide_norm(*layer_.mlp_norm, s);
    if (layer_.router != nullptr) {
      result_.replaced[layer_.router->name + ".weight"] = layer_.router->merged().mul_(s);
    }
    for (std::size_t i = 0; i < downs.size(); ++i) {
      const auto &own = inputs.at(layer_.mlps[i].down);
      if (own.tokens > 0) {
        divide_rows(works_[downs[i] - 1], layer_.mlps[i].up_row, scale_group({downs[i]}, own, same));
      }
    }
  }

  // Finds and applies the scales of what reads the same input; tells them.
  at::Tensor scale_group(const std::vector<std::size_t> &places, const Inputs &inputs,
                         const std::function<at::Tensor(const at::Tensor &)> &spread) {
    std::vector<at::Tensor> weights;
    for (const auto place : places) {
      weights.push_back(works_[place].weight);
    }
    auto s = best_scale(inputs.kept, inputs.mean_size, weights, settings_.grid, spread);
    for (const auto place : places) {
      scale_inputs(works_[place], spread(s));
    }
    return s;
  }

  void finish(Work &work) {
    const bool seen = work.x.defined();
    const auto x = seen ? work.x.div(work.input_scale) : at::Tensor();
    const auto whole = work.weight;
    const auto kept = settings_.clip && work.clips && seen ? clipped(whole, x, settings_.grid) : whole;
    auto matrix = round_to_nearest(kept, settings_.grid);
    if (seen) {
      result_.errors.push_back({work.layer->name,
                                relative_error(work.x, rounded(work.original, settings_.grid), work.original),
                                relative_error(x, undo_rows(work, matrix.dequantized()), undo_rows(work, whole))});
    }
    result_.linears.push_back({work.layer->name, std::move(matrix)});
    work = {};
  }

  // So that the error is of the outputs as they were.
  at::Tensor undo_rows(const Work &work, const at::Tensor &weight) const {
    auto result = weight.clone();
    for (const auto &[layer, begin, s] : row_scales_) {
      if (layer == work.layer) {
        result.narrow(0, begin, s.size(0)).mul_(s.unsqueeze(1));
      }
    }
    return result;
  }

  struct RowScale {
    const nn::Linear *layer;
    std::int64_t begin;
    at::Tensor s;
  };

  const LayerParts &layer_;
  const nn::DecoderConfig &config_;
  const AwqSettings &settings_;
  QuantizedModel &result_;
  std::vector<Work> works_;
  std::vector<RowScale> row_scales_;
};

} // namespace

Result<QuantizedModel> quantize_awq(nn::Decoder &decoder, const std::vector<nn::PackedRow> &rows,
                                    const AwqSettings &settings) {
  const at::NoGradGuard no_gradient;
  if (settings.grid.bits != 4) {
    return Error{"AWQ's layout has 4 bits, not " + std::to_string(settings.grid.bits), "Use --quant_bits 4"};
  }
  if (auto good = check_shapes(decoder, settings.grid); !good) {
    return good.error();
  }
  const auto layers = parts_of(decoder);
  std::vector<const nn::Linear *> wanted;
  for (const auto &layer : layers) {
    wanted.insert(wanted.end(), {layer.entry.front(), layer.out});
    for (const auto &mlp : layer.mlps) {
      wanted.insert(wanted.end(), {mlp.entry.front(), mlp.down});
    }
    if (layer.router != nullptr) {
      wanted.push_back(layer.router);
    }
  }
  const auto tell = [&settings](double share) {
    if (settings.progress) {
      settings.progress(share);
    }
  };
  constexpr double kReading = 0.3; // of the time, roughly
  const auto inputs = observe(decoder, rows, wanted, false, [&](double share) { tell(kReading * share); });
  QuantizedModel result;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    LayerQuantizer(layers[i], decoder.config(), settings, result).quantize(inputs);
    tell(kReading + (1 - kReading) * static_cast<double>(i + 1) / static_cast<double>(layers.size()));
  }
  return result;
}

Json awq_description(const nn::Decoder &decoder, const Grid &grid) {
  Json kept = nullptr; // modules that stay as they are, beside the head
  if (decoder.config().experts > 0) {
    kept = Json::array({"mlp.gate."}); // the routers; gate_proj is another
  }
  return {{"quant_method", "awq"},         {"bits", grid.bits}, {"group_size", grid.group_size},
          {"zero_point", !grid.symmetric}, {"version", "gemm"}, {"modules_to_not_convert", kept}};
}

} // namespace yanxing::quant
