// Partial credit, 0 … 1: F1 of the arguments, 0 where the actions' names are wrong or nothing can be read.
#include "eval/reward.h"

namespace yanxing::eval {
namespace {

class Arguments final : public EachReward {
public:
  Arguments() : EachReward("arguments") {}

private:
  Result<double> of(const Completion &completion) override {
    if (completion.gold == nullptr) {
      return Error{"the row has no action to compare with", R"(Give rows with "action")"};
    }
    const auto prediction = prediction_from_text(completion.text);
    if (!prediction) {
      return 0.0;
    }
    const auto scored = score(*completion.gold, *prediction, completion.ground);
    return scored.name_ok ? scored.f1() : 0.0;
  }
};

} // namespace

std::unique_ptr<RewardFunction> make_arguments_reward(RewardSettings & /*settings*/) {
  return std::make_unique<Arguments>();
}

} // namespace yanxing::eval
