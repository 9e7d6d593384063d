// 0 … max_penalty (−1) by the share of n-grams that were there before (Yeo et al. 2025, "Demystifying long
// chain-of-thought", section 4; ms-swift's repetition). Units are words, and single characters in Chinese.
#include "eval/reward.h"

#include "text/utf8.h"

#include <set>
#include <vector>

namespace yanxing::eval {
namespace {

std::vector<std::u32string> units_of(const std::string &utf8) {
  std::vector<std::u32string> units;
  bool in_word = false;
  for (const char32_t c : text::to_code_points(utf8)) {
    const bool space = c == U' ' || c == U'\n' || c == U'\t' || c == U'\r';
    if (!space) {
      if (in_word && !text::is_han(c)) {
        units.back() += c;
      } else {
        units.emplace_back(1, c);
      }
    }
    in_word = !space && !text::is_han(c);
  }
  return units;
}

class Repetition final : public EachReward {
public:
  Repetition(std::size_t n, double penalty) : EachReward("repetition"), n_(n), penalty_(penalty) {}

private:
  Result<double> of(const Completion &completion) override {
    const auto units = units_of(completion.text);
    if (units.size() < n_) {
      return 0.0;
    }
    std::set<std::vector<std::u32string>> different;
    const auto count = units.size() - n_ + 1;
    for (std::size_t i = 0; i < count; ++i) {
      const auto begin = units.begin() + static_cast<std::ptrdiff_t>(i);
      different.emplace(begin, begin + static_cast<std::ptrdiff_t>(n_));
    }
    return penalty_ * (1 - static_cast<double>(different.size()) / static_cast<double>(count));
  }
  std::size_t n_;
  double penalty_;
};

} // namespace

std::unique_ptr<RewardFunction> make_repetition_reward(RewardSettings &settings) {
  constexpr double kMost = 64;
  const double n = settings.number("n_grams", 3, 1, kMost);
  return std::make_unique<Repetition>(static_cast<std::size_t>(n), settings.number("max_penalty", -1, -1e6, 0));
}

} // namespace yanxing::eval
