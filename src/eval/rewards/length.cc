// Soft punishment of overlong answers: 0 up to soft_max_length − soft_cache_length tokens, then falling to −1 at
// soft_max_length and beyond (DAPO: Yu et al. 2025, equation 13; ms-swift's soft_overlong).
#include "eval/reward.h"

#include <algorithm>

namespace yanxing::eval {
namespace {

class Length final : public EachReward {
public:
  Length(double longest, double cache) : EachReward("length"), longest_(longest), cache_(cache) {}

private:
  Result<double> of(const Completion &completion) override {
    const double over = static_cast<double>(completion.tokens) - (longest_ - cache_);
    return std::clamp(-over / cache_, -1.0, 0.0);
  }
  double longest_;
  double cache_;
};

} // namespace

std::unique_ptr<RewardFunction> make_length_reward(RewardSettings &settings) {
  constexpr double kMost = 1e6;
  const double longest = settings.number("soft_max_length", 128, 1, kMost);
  const double cache = settings.number("soft_cache_length", longest / 2, 1, longest);
  return std::make_unique<Length>(longest, cache);
}

} // namespace yanxing::eval
