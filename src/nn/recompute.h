// Trading time for memory: a function's inner activations are made again in the backward pass.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace yanxing::nn {

// run(x), of which only x is kept until the backward pass. `run` must give the same result each time; parameters it
// uses get their gradients as usual. x must ask for a gradient, else the backward pass does not come here.
at::Tensor recomputed(const at::Tensor &x, std::function<at::Tensor(const at::Tensor &)> run);

} // namespace yanxing::nn
