// 1 where the completion is what an answer may be: calls and nothing else, of actions and parameters that exist where
// the registry is known; else 0.
#include "eval/reward.h"

#include <algorithm>

namespace yanxing::eval {
namespace {

bool exists(const Action &action, const action::Registry &registry) {
  if (action.name == kNoAction) {
    return true;
  }
  const auto *spec = registry.find(action.name);
  return spec != nullptr && std::all_of(action.arguments.items().begin(), action.arguments.items().end(),
                                        [&](const auto &member) { return spec->find(member.key()) != nullptr; });
}

class Format final : public EachReward {
public:
  Format() : EachReward("format") {}

private:
  Result<double> of(const Completion &completion) override {
    const auto prediction = prediction_from_text(completion.text);
    const auto *registry = completion.ground.registry;
    const bool right =
        prediction && completion.finished &&
        (registry == nullptr || std::all_of(prediction->actions.begin(), prediction->actions.end(),
                                            [&](const Action &action) { return exists(action, *registry); }));
    return right ? 1.0 : 0.0;
  }
};

} // namespace

std::unique_ptr<RewardFunction> make_format_reward(RewardSettings & /*settings*/) { return std::make_unique<Format>(); }

} // namespace yanxing::eval
