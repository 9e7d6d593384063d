// Trading time for memory: a function's inner activations are made again in the backward pass.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace yanxing::nn {

// run(x), of which only x is kept until the backward pass, in the precision `kept`: x must have been rounded to it, so
// that nothing is lost. `run` must give the same result each time; parameters it uses get their gradients as usual. x
// must ask for a gradient, else the backward pass does not come here.
at::Tensor recomputed(const at::Tensor &x, at::ScalarType kept, std::function<at::Tensor(const at::Tensor &)> run);

// fp32 x rounded to what `kept` can hold, still fp32; the gradient passes as if it were not rounded.
at::Tensor rounded(const at::Tensor &x, at::ScalarType kept);

} // namespace yanxing::nn
