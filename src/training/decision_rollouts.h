// Rollouts on samples with a right answer: decisions drawn under the grammar of their turn, rewarded by the scorer and
// whatever else the recipe names.
#pragma once

#include "action/registry.h"
#include "eval/reward.h"
#include "llm/sampled_decision.h"
#include "sample/sample.h"
#include "text/repair.h"
#include "train/rollout.h"
#include "training/live_engine.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace yanxing::training {

struct DecisionRolloutSettings {
  llm::DrawSettings drawing;
  std::int64_t longest = 512; // tokens of a completion; longer ones count as broken off
};

class DecisionRollouts final : public train::RolloutSource {
public:
  // `own` are the actions of rows that name none; it and `repairer` (may be null) outlive the source. `on_bad` hears of
  // rows that are left out. Error: no decision is among the rows.
  static Result<std::unique_ptr<DecisionRollouts>> open(const std::vector<std::string> &datasets, LiveEngine engine,
                                                        eval::Rewards rewards, const action::Registry *own,
                                                        const text::Repairer *repairer,
                                                        const DecisionRolloutSettings &settings,
                                                        const std::function<void(const Error &)> &on_bad);

  [[nodiscard]] std::size_t prompts() const override { return rows_.size(); }
  Result<std::vector<train::Rollout>> collect(const nn::Model &model, std::span<const std::size_t> prompts,
                                              std::size_t count, std::uint64_t seed) override;

private:
  struct Prompt {
    eval::Row row;
    const action::Registry *registry = nullptr;
    Screen screen;
    std::vector<Contact> contacts;
    std::string words; // repaired, as a turn would have them
  };

  DecisionRollouts(LiveEngine engine, eval::Rewards rewards, const DecisionRolloutSettings &settings)
      : engine_(std::move(engine)), rewards_(std::move(rewards)), settings_(settings) {}
  Status add(const sample::Sample &sample, const action::Registry *own, const text::Repairer *repairer);
  Result<const action::Registry *> registry_of(const eval::Row &row, const action::Registry *own);
  Status reward(std::vector<train::Rollout> &rollouts, const std::vector<const Prompt *> &prompts,
                const std::vector<std::string> &texts);

  LiveEngine engine_;
  eval::Rewards rewards_;
  DecisionRolloutSettings settings_;
  std::map<std::string, action::Registry> registries_; // by path, or by what the row says
  std::vector<std::unique_ptr<Prompt>> rows_;
};

// A sampled request as the recipe reads it.
train::Written written_of(const llm::SampledRequest &sampled);

} // namespace yanxing::training
