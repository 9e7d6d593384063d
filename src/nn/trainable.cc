#include "nn/trainable.h"

#include <algorithm>
#include <regex>

namespace yanxing::nn {
namespace {

bool begins_with_one_of(const std::string &name, const std::vector<std::string> &beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](const std::string &beginning) { return !beginning.empty() && name.starts_with(beginning); });
}

// Before which others a weight stands: 0 the embedding, i + 1 layer i, then the last norm and the head.
std::size_t rank_of(const std::string &name, const DecoderConfig &config) {
  const auto &prefix = config.module_prefix; // "model."
  const auto starts = [&](const char *part) { return name.starts_with(prefix + part); };
  if (starts("layers.")) {
    return std::stoul(name.substr(prefix.size() + std::string_view("layers.").size())) + 1;
  }
  return starts("embed_tokens") ? 0 : starts("norm") ? config.layers.size() + 1 : config.layers.size() + 2;
}

} // namespace

std::vector<WeightSize> weight_sizes(Decoder &decoder) {
  std::vector<WeightSize> weights;
  decoder.for_each_linear(
      [&](const Linear &layer) {
        weights.push_back({layer.name + ".weight", layer.out() * layer.in()});
        if (layer.bias.defined()) {
          weights.push_back({layer.name + ".bias", layer.out()});
        }
      },
      true);
  decoder.for_each_norm([&](const Norm &norm) { weights.push_back({norm.name + ".weight", norm.weight.numel()}); });
  const auto &config = decoder.config();
  std::stable_sort(weights.begin(), weights.end(), [&config](const WeightSize &a, const WeightSize &b) {
    return rank_of(a.name, config) < rank_of(b.name, config);
  });
  return weights;
}

Result<std::set<std::string>> select_trained(const std::vector<WeightSize> &weights, const TrainableConfig &config) {
  if (!(config.frozen_ratio >= 0 && config.frozen_ratio <= 1)) {
    return Error{"the share of frozen weights must be between 0 and 1", "Look at --freeze_parameters_ratio"};
  }
  std::regex pattern;
  try {
    pattern.assign(config.frozen_pattern);
  } catch (const std::regex_error &) {
    return Error{"'" + config.frozen_pattern + "' is no regular expression", "Look at --freeze_parameters_regex"};
  }
  std::int64_t all = 0;
  for (const auto &weight : weights) {
    all += weight.count;
  }
  const auto frozen = static_cast<std::int64_t>(static_cast<double>(all) * config.frozen_ratio);
  std::set<std::string> trained;
  std::int64_t seen = 0;
  for (const auto &weight : weights) {
    seen += weight.count;
    const bool freezes = seen <= frozen || begins_with_one_of(weight.name, config.frozen) ||
                         (!config.frozen_pattern.empty() && std::regex_search(weight.name, pattern));
    if (!freezes || begins_with_one_of(weight.name, config.trainable)) {
      trained.insert(weight.name);
    }
  }
  if (trained.empty()) {
    return Error{"all weights are frozen: there is nothing to train",
                 "Name some in --trainable_parameters (model.layers.23, lm_head), or freeze less"};
  }
  return trained;
}

Result<std::set<std::string>> select_trained(Decoder &decoder, const TrainableConfig &config) {
  return select_trained(weight_sizes(decoder), config);
}

} // namespace yanxing::nn
