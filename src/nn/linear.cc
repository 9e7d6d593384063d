#include "nn/linear.h"

#include "nn/dropout.h"
#include "nn/observe.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstdint>
#include <functional>

namespace yanxing::nn {
namespace {

thread_local const Observer *observing = nullptr;

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Tensors of a layer that may be trained.
constexpr std::size_t kPerLayer = 5;
enum Slot : std::size_t { kWeight, kBias, kA, kB, kMagnitude };
constexpr std::size_t kNotTrained = SIZE_MAX;

struct Group : torch::CustomClassHolder {
  std::vector<const Linear *> layers;
  std::vector<std::size_t> places; // layer · kPerLayer + slot → place among what is trained, or kNotTrained
  Pass pass;
};

const Lora *adapter_of(const Linear &layer, const Pass &pass) {
  return pass.adapter && layer.lora ? &*layer.lora : nullptr;
}

// x·Wᵀ (+ b) → (tokens, out)
at::Tensor base_forward(const at::Tensor &x, const Linear &layer, bool with_bias) {
  auto y = at::empty({x.size(0), layer.out()}, x.options());
  layer.for_parts([&](std::int64_t begin, const at::Tensor &part) {
    auto slice = y.narrow(1, begin, part.size(0));
    if (with_bias && layer.bias.defined()) {
      at::addmm_out(slice, layer.bias.narrow(0, begin, part.size(0)), x, part.t());
    } else {
      at::mm_out(slice, x, part.t());
    }
  });
  return y;
}

// ‖w_i + s·b_i·A‖ for each output i, from ‖w_i‖², w_i·Aᵀ and A·Aᵀ: the sum itself is never made. → (out)
at::Tensor adapted_row_norms(const Linear &layer) {
  const auto &lora = *layer.lora;
  auto squares = at::empty({layer.out()}, lora.b.options().requires_grad(false));
  const auto gram = lora.a.mm(lora.a.t()); // (rank, rank)
  layer.for_parts([&](std::int64_t begin, const at::Tensor &part) {
    const auto b = lora.b.narrow(0, begin, part.size(0)); // (part, rank)
    const auto cross = part.mm(lora.a.t()).mul_(b).sum(1);
    const auto own = b.mm(gram).mul_(b).sum(1);
    squares.narrow(0, begin, part.size(0))
        .copy_(part.square().sum(1).add_(cross, 2.0 * lora.scale).add_(own, lora.scale * lora.scale));
  });
  return squares.clamp_min_(0).sqrt_();
}

struct GroupedLinear : Function<GroupedLinear> {
  // `trained`: what asks for gradients, as group->places tells.
  static variable_list forward(AutogradContext *context, const at::Tensor &x, at::TensorList trained,
                               const c10::intrusive_ptr<Group> &group) {
    variable_list outputs;
    variable_list saved; // x, then for each layer with an adapter x·Aᵀ and for DoRA what is scaled and its norm
    bool keep_x = false;
    saved.emplace_back();
    for (std::size_t i = 0; i < group->layers.size(); ++i) {
      const auto &layer = *group->layers[i];
      const auto *adapter = adapter_of(layer, group->pass);
      const bool dora = adapter != nullptr && adapter->magnitude.defined();
      auto y = base_forward(x, layer, !dora);
      keep_x = keep_x || layer.trained.defined() || adapter != nullptr;
      if (adapter != nullptr) {
        const auto &lora = *adapter;
        auto low = dropped(x, lora.dropout, group->pass, i).mm(lora.a.t()); // (tokens, rank)
        y.addmm_(low, lora.b.t(), 1.0, lora.scale);
        saved.push_back(low);
        if (dora) {
          const auto norms = adapted_row_norms(layer);
          saved.push_back(y);
          saved.push_back(norms);
          y = y.mul(lora.magnitude.div(norms));
          if (layer.bias.defined()) {
            y.add_(layer.bias);
          }
        }
      }
      outputs.push_back(y);
    }
    saved[0] = keep_x ? x.to(group->pass.kept) : at::Tensor();
    context->save_for_backward(saved);
    context->saved_data["group"] = c10::IValue::make_capsule(group);
    context->saved_data["trained"] = static_cast<std::int64_t>(trained.size());
    return outputs;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto group = c10::static_intrusive_pointer_cast<Group>(context->saved_data["group"].toCapsule());
    const auto saved = context->get_saved_variables();
    const auto x = saved[0].defined() ? saved[0].to(at::kFloat) : at::Tensor();
    std::size_t next = 1;
    variable_list result(1 + static_cast<std::size_t>(context->saved_data["trained"].toInt()) + 1);
    const bool needs_x = context->needs_input_grad(0);
    at::Tensor dx;
    for (std::size_t i = 0; i < group->layers.size(); ++i) {
      const auto &layer = *group->layers[i];
      const auto place = [&](Slot slot) { return group->places[kPerLayer * i + slot]; };
      const auto needs = [&](Slot slot) { return place(slot) != kNotTrained; };
      const auto set = [&](Slot slot, at::Tensor gradient) { result[1 + place(slot)] = std::move(gradient); };
      const auto *adapter = adapter_of(layer, group->pass);
      auto g = gradients[i].contiguous(); // (tokens, out)
      if (needs(kBias)) {
        set(kBias, g.sum(0));
      }
      if (adapter != nullptr && adapter->magnitude.defined()) {
        const auto &norms = saved[next + 2];
        if (needs(kMagnitude)) {
          set(kMagnitude, saved[next + 1].mul(g).sum(0).div_(norms));
        }
        g = g.mul(adapter->magnitude.detach().div(norms));
      }
      if (needs(kWeight)) {
        set(kWeight, g.t().mm(x).to(layer.trained.scalar_type()));
      }
      if (needs_x) {
        layer.for_parts([&](std::int64_t begin, const at::Tensor &part) {
          const auto slice = g.narrow(1, begin, part.size(0));
          if (dx.defined()) {
            dx.addmm_(slice, part);
          } else {
            dx = slice.mm(part);
          }
        });
      }
      if (adapter != nullptr) {
        const auto &lora = *adapter;
        const auto &low = saved[next]; // (tokens, rank)
        next += lora.magnitude.defined() ? 3 : 1;
        auto dlow = g.mm(lora.b).mul_(lora.scale); // (tokens, rank)
        if (needs(kB)) {
          set(kB, g.t().mm(low).mul_(lora.scale));
        }
        if (needs(kA)) {
          set(kA, dlow.t().mm(dropped(x, lora.dropout, group->pass, i)));
        }
        if (needs_x) {
          if (lora.dropout > 0 && group->pass.training) {
            dx.add_(dropped(dlow.mm(lora.a), lora.dropout, group->pass, i));
          } else {
            dx.addmm_(dlow, lora.a);
          }
        }
      }
    }
    result[0] = dx;
    return result;
  }

private:
  // Each adapter has masks of its own: `index` within the group and the layer's name make them differ.
  static at::Tensor dropped(const at::Tensor &x, float rate, const Pass &pass, std::size_t index) {
    if (!pass.training || rate <= 0) {
      return x;
    }
    return nn::dropped(x, rate, pass.dropout_seed + index);
  }
};

} // namespace

void Linear::for_parts(const std::function<void(std::int64_t, const at::Tensor &)> &use) const {
  const at::NoGradGuard no_gradient;
  const bool whole = trained.defined() && trained.scalar_type() == at::kFloat;
  const auto step = whole ? out() : trained.defined() ? rows_worth_widening(out(), in()) : weight.rows_at_once();
  for (std::int64_t begin = 0; begin < out(); begin += step) {
    const auto end = std::min(begin + step, out());
    use(begin,
        trained.defined() ? trained.detach().narrow(0, begin, end - begin).to(at::kFloat) : weight.part(begin, end));
  }
}

ObserveGuard::ObserveGuard(const Observer &observer) : before_(observing) { observing = &observer; }
ObserveGuard::~ObserveGuard() { observing = before_; }

at::Tensor Linear::merged() const {
  auto whole = (trained.defined() ? trained.detach().to(at::kFloat) : weight.all()).clone();
  if (lora) {
    whole.addmm_(lora->b.detach(), lora->a.detach(), 1.0, lora->scale);
    if (lora->magnitude.defined()) {
      whole.mul_(lora->magnitude.detach().div(whole.square().sum(1).sqrt_()).unsqueeze(1));
    }
  }
  return whole;
}

std::vector<at::Tensor> apply(const at::Tensor &x, std::span<const Linear *const> layers, const Pass &pass) {
  if (observing != nullptr) {
    for (const auto *layer : layers) {
      (*observing)(*layer, x);
    }
  }
  auto group = c10::make_intrusive<Group>();
  group->layers.assign(layers.begin(), layers.end());
  group->pass = pass;
  // The name's hash: masks differ from layer to layer and are the same in every run and recomputation.
  for (const char letter : layers[0]->name) {
    group->pass.dropout_seed = (group->pass.dropout_seed ^ static_cast<std::uint8_t>(letter)) * 0x100000001B3ULL;
  }
  variable_list trainable;
  for (const auto *layer : layers) {
    const auto *adapter = adapter_of(*layer, pass);
    const Lora none;
    const auto &lora = adapter == nullptr ? none : *adapter;
    for (const auto &tensor : {layer->trained, layer->bias, lora.a, lora.b, lora.magnitude}) {
      const bool asks = tensor.defined() && tensor.requires_grad();
      group->places.push_back(asks ? trainable.size() : kNotTrained);
      if (asks) {
        trainable.push_back(tensor);
      }
    }
  }
  return GroupedLinear::apply(x, at::TensorList(trainable), group);
}

at::Tensor apply(const at::Tensor &x, const Linear &layer, const Pass &pass) {
  const Linear *one = &layer;
  return apply(x, std::span<const Linear *const>(&one, 1), pass)[0];
}

} // namespace yanxing::nn
