#include "quant/calibration.h"

#include "nn/observe.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

#include <algorithm>

namespace yanxing::quant {

InputsOf observe(const nn::Decoder &decoder, const std::vector<nn::PackedRow> &rows,
                 const std::vector<const nn::Linear *> &wanted, bool gram,
                 const std::function<void(double)> &progress) {
  const at::NoGradGuard no_gradient;
  std::int64_t tokens = 0;
  for (const auto &row : rows) {
    tokens += static_cast<std::int64_t>(row.tokens.size());
  }
  const auto stride = std::max<std::int64_t>(1, (tokens + kMostKept - 1) / kMostKept);
  InputsOf found;
  std::map<const nn::Linear *, std::vector<at::Tensor>> kept;
  for (const auto *layer : wanted) {
    found[layer] = {};
  }
  const nn::Observer observer = [&](const nn::Linear &layer, const at::Tensor &x) {
    const auto place = found.find(&layer);
    if (place == found.end() || x.size(0) == 0) {
      return;
    }
    auto &inputs = place->second;
    const auto sizes = x.abs().sum(0);
    inputs.mean_size = inputs.mean_size.defined() ? inputs.mean_size.add_(sizes) : sizes;
    if (gram) {
      inputs.gram = inputs.gram.defined() ? inputs.gram.addmm_(x.t(), x) : x.t().mm(x);
    }
    const auto first = (stride - inputs.tokens % stride) % stride; // every stride-th of all tokens
    if (first < x.size(0)) {
      kept[&layer].push_back(x.slice(0, first, x.size(0), stride).clone());
    }
    inputs.tokens += x.size(0);
  };
  const nn::ObserveGuard observing(observer);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::vector<std::int64_t> places(rows[i].tokens.size()); // all, so that the last layer computes them too
    for (std::size_t place = 0; place < places.size(); ++place) {
      places[place] = static_cast<std::int64_t>(place);
    }
    (void)decoder.hidden(rows[i], places, {});
    if (progress) {
      progress(static_cast<double>(i + 1) / static_cast<double>(rows.size()));
    }
  }
  for (auto &[layer, inputs] : found) {
    if (inputs.tokens > 0) {
      inputs.kept = at::cat(kept[layer]);
      inputs.mean_size.div_(static_cast<double>(inputs.tokens));
    }
  }
  return found;
}

} // namespace yanxing::quant
