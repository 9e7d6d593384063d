#include "train/losses/grpo.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace yanxing::train {
namespace {

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// With n − 1, as the peers have it; 0 of a single one.
double deviation_of(std::span<const double> values) {
  const double mean = mean_of(values);
  double sum = 0;
  for (const double value : values) {
    sum += (value - mean) * (value - mean);
  }
  return values.size() < 2 ? 0 : std::sqrt(sum / static_cast<double>(values.size() - 1));
}

struct Push {
  double loss = 0;
  double slope = 0; // by log p of what the ratio is of
  bool clipped = false;
};

// −min(r·A, clip(r)·A); its slope by log r is −r·A where the first is taken, and nothing where the clip is.
Push clipped_push(double ratio, double advantage, const GrpoLossSettings &settings) {
  const double bounded = std::clamp(ratio, 1 - settings.epsilon, 1 + settings.epsilon_high);
  const bool cut = settings.delta > 0 && ratio > settings.delta;
  const double own = cut ? settings.delta : ratio;
  const bool free = own * advantage <= bounded * advantage;
  const bool moves = free ? !cut : bounded == ratio;
  return {-std::min(own * advantage, bounded * advantage), moves ? -ratio * advantage : 0,
          (ratio < 1 - settings.epsilon && advantage < 0) || (ratio > 1 + settings.epsilon_high && advantage > 0)};
}

Push push_of(double ratio, double log_p, double advantage, const GrpoLossSettings &settings) {
  if (settings.kind != GrpoKind::kCispo) {
    return clipped_push(ratio, advantage, settings);
  }
  const double weight = std::min(ratio, settings.epsilon_high);
  return {-weight * advantage * log_p, -weight * advantage, ratio > settings.epsilon_high && advantage > 0};
}

} // namespace

Result<GrpoKind> grpo_kind_of(std::string_view name) {
  if (name == "grpo") {
    return GrpoKind::kGrpo;
  }
  if (name == "bnpo") {
    return GrpoKind::kBnpo;
  }
  if (name == "dr_grpo") {
    return GrpoKind::kDrGrpo;
  }
  if (name == "dapo") {
    return GrpoKind::kDapo;
  }
  if (name == "cispo") {
    return GrpoKind::kCispo;
  }
  return Error{"GRPO has no loss \"" + std::string(name) + "\"", "Use grpo, bnpo, dr_grpo, dapo or cispo"};
}

CompletionLoss grpo_loss(std::span<const ChoiceScore> choices, double advantage, const GrpoLossSettings &settings) {
  CompletionLoss result;
  const auto count = static_cast<double>(choices.size());
  double mean_log_ratio = 0;
  for (const auto &choice : choices) {
    mean_log_ratio += (choice.log_p - choice.old) / count;
  }
  double shared_slope = 0; // a sequence's ratio depends on each choice alike
  for (const auto &choice : choices) {
    const double ratio = std::exp(settings.by_sequence ? mean_log_ratio : choice.log_p - choice.old);
    const auto push = push_of(ratio, choice.log_p, advantage, settings);
    const bool through_ratio = settings.by_sequence && settings.kind != GrpoKind::kCispo;
    shared_slope += through_ratio ? push.slope / count : 0;
    double slope = through_ratio ? 0 : push.slope;
    result.loss += push.loss;
    result.clipped += push.clipped ? 1 : 0;
    if (settings.beta != 0) {
      const double off = choice.reference - choice.log_p;
      const double divergence = std::exp(off) - off - 1;
      result.loss += settings.beta * divergence;
      result.divergence += divergence;
      slope += settings.beta * (1 - std::exp(off));
    }
    result.slopes.push_back(slope);
  }
  for (auto &slope : result.slopes) {
    slope += shared_slope;
  }
  return result;
}

double grpo_share(std::int64_t own_choices, std::int64_t choices, std::int64_t completions,
                  const GrpoLossSettings &settings) {
  const auto at_least_one = [](std::int64_t count) { return static_cast<double>(std::max<std::int64_t>(1, count)); };
  switch (settings.kind) {
  case GrpoKind::kGrpo:
    return 1 / (at_least_one(own_choices) * at_least_one(completions));
  case GrpoKind::kDrGrpo:
    return 1 / (at_least_one(settings.longest) * at_least_one(completions));
  case GrpoKind::kBnpo:
  case GrpoKind::kDapo:
  case GrpoKind::kCispo:
    break;
  }
  return 1 / at_least_one(choices);
}

Result<RewardScale> reward_scale_of(std::string_view name) {
  if (name == "group" || name == "true") { // older scripts say true or false
    return RewardScale::kGroup;
  }
  if (name == "batch") {
    return RewardScale::kBatch;
  }
  if (name == "none" || name == "false") {
    return RewardScale::kNone;
  }
  return Error{"rewards are not scaled by \"" + std::string(name) + "\"", "Use group, batch or none"};
}

std::vector<double> advantages_of(std::span<const double> rewards, std::size_t group, RewardScale scale) {
  constexpr double kNotZero = 1e-4;
  std::vector<double> advantages;
  for (std::size_t begin = 0; begin < rewards.size(); begin += group) {
    const auto own = rewards.subspan(begin, std::min(group, rewards.size() - begin));
    const double mean = mean_of(own);
    const double by =
        scale == RewardScale::kNone ? 1 : deviation_of(scale == RewardScale::kGroup ? own : rewards) + kNotZero;
    for (const double reward : own) {
      advantages.push_back((reward - mean) / by);
    }
  }
  return advantages;
}

} // namespace yanxing::train
