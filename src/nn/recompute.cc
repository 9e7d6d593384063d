#include "nn/recompute.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace yanxing::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

struct Run : torch::CustomClassHolder {
  std::function<at::Tensor(const at::Tensor &)> run;
};

struct Recomputed : Function<Recomputed> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, at::ScalarType kept,
                            const c10::intrusive_ptr<Run> &run) {
    context->save_for_backward({x.to(kept)});
    context->saved_data["run"] = c10::IValue::make_capsule(run);
    return run->run(x);
  }
  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto run = c10::static_intrusive_pointer_cast<Run>(context->saved_data["run"].toCapsule());
    const auto x = context->get_saved_variables()[0].detach().to(at::kFloat).set_requires_grad(true);
    const at::AutoGradMode on(true);
    torch::autograd::backward({run->run(x)}, {gradients[0]});
    return {x.grad(), at::Tensor(), at::Tensor()};
  }
};

struct Rounded : Function<Rounded> {
  static at::Tensor forward(AutogradContext * /*context*/, const at::Tensor &x, at::ScalarType kept) {
    return x.to(kept).to(at::kFloat);
  }
  static variable_list backward(AutogradContext * /*context*/, variable_list gradients) {
    return {gradients[0], at::Tensor()};
  }
};

} // namespace

at::Tensor rounded(const at::Tensor &x, at::ScalarType kept) {
  return kept == at::kFloat ? x : Rounded::apply(x, kept);
}

at::Tensor recomputed(const at::Tensor &x, at::ScalarType kept, std::function<at::Tensor(const at::Tensor &)> run) {
  auto holder = c10::make_intrusive<Run>();
  holder->run = std::move(run);
  return Recomputed::apply(x, kept, holder);
}

} // namespace yanxing::nn
