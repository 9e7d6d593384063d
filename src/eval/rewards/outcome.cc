// The scorer's own verdict under the reward table: the same number that evaluation reports.
#include "eval/reward.h"

namespace yanxing::eval {
namespace {

class Outcome final : public EachReward {
public:
  explicit Outcome(const RewardTable &table) : EachReward("outcome"), table_(table) {}

private:
  Result<double> of(const Completion &completion) override {
    if (completion.environment) { // a simulator has judged it, by the same table and on its state
      return *completion.environment;
    }
    if (completion.gold == nullptr) {
      return Error{"the row has no action to compare with", R"(Give rows with "action", or "outcome":0 in the recipe)"};
    }
    const auto prediction = prediction_from_text(completion.text);
    return prediction ? score(*completion.gold, *prediction, completion.ground, table_).reward : table_.wrong;
  }
  RewardTable table_;
};

} // namespace

std::unique_ptr<RewardFunction> make_outcome_reward(RewardSettings &settings) {
  return std::make_unique<Outcome>(settings.table());
}

} // namespace yanxing::eval
