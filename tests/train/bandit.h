// A source of rollouts that needs no engine: what a policy gradient does can be seen on it.
#pragma once

#include "nn/model.h"
#include "pack/packer.h"
#include "train/rollout.h"

#include <ATen/core/Tensor.h>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace yanxing::train {

// What each candidate of a choice weighs by its definition: the logits after its context, bias added, the temperature.
inline std::vector<double> masses_of(const nn::Model &model, const Written &written, const Choice &choice,
                                     double temperature) {
  pack::Item item;
  item.tokens.assign(written.tokens.begin(), written.tokens.begin() + static_cast<std::ptrdiff_t>(written.prompt));
  item.tokens.insert(item.tokens.end(), choice.context.begin(), choice.context.end());
  const auto row = pack::pack({item}, {64, false, 1}).rows.at(0);
  const auto logits = model.logits(row, {static_cast<std::int64_t>(item.tokens.size()) - 1});
  std::vector<double> masses;
  for (const auto &[token, bias] : choice.candidates) {
    masses.push_back(std::exp((logits[0][token].item<double>() + bias) / temperature));
  }
  return masses;
}

// Draws two tokens after a prompt, each among a few; being told 11 first is worth 1.
class Bandit : public RolloutSource {
public:
  explicit Bandit(double temperature) : temperature_(temperature) {}
  [[nodiscard]] std::size_t prompts() const override { return 4; }
  Result<std::vector<Rollout>> collect(const nn::Model &model, std::span<const std::size_t> prompts, std::size_t count,
                                       std::uint64_t seed) override {
    std::mt19937_64 random(seed);
    std::vector<Rollout> rollouts;
    for (const auto prompt : prompts) {
      for (std::size_t i = 0; i < count; ++i) {
        rollouts.push_back(draw(model, prompt, random));
      }
    }
    return rollouts;
  }
  double temperature_;

private:
  [[nodiscard]] Rollout draw(const nn::Model &model, std::size_t prompt, std::mt19937_64 &random) const {
    Written written{{1, 2, 3, 4 + static_cast<std::int64_t>(prompt)}, 4, {}};
    std::vector<std::int64_t> answer;
    for (int place = 0; place < 2; ++place) {
      Choice choice{answer, {{11, 0}, {12, 0.5}, {13, 0}, {14, -0.5}}, 1, 0};
      const auto masses = masses_of(model, written, choice, temperature_);
      const double all = std::accumulate(masses.begin(), masses.end(), 0.0);
      double left = static_cast<double>(random() >> 11U) * 0x1p-53 * all;
      std::size_t taken = 0;
      while (taken + 1 < masses.size() && left >= masses[taken]) {
        left -= masses[taken++];
      }
      choice.log_p = std::log(masses[taken] / all);
      std::swap(choice.candidates[0], choice.candidates[taken]);
      answer.push_back(choice.candidates.front().token);
      written.choices.push_back(std::move(choice));
    }
    Rollout rollout;
    rollout.reward = answer[0] == 11 ? 1 : 0;
    rollout.rewards = {{"outcome", rollout.reward}};
    rollout.abstained = answer[0] == 14;
    rollout.tokens = 2;
    written.tokens.insert(written.tokens.end(), answer.begin(), answer.end());
    written.tokens.push_back(50);
    rollout.written.push_back(std::move(written));
    return rollout;
  }
};

} // namespace yanxing::train
