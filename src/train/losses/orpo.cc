#include "train/losses/orpo.h"

namespace yanxing::train {
namespace {

constexpr double kLeast = 1e-12; // of 1 − p: an answer that is certain has finite odds

double log_odds(double mean) { return mean - std::log(std::max(kLeast, -std::expm1(mean))); }
double slope_of_log_odds(double mean) { return 1 / std::max(kLeast, -std::expm1(mean)); } // 1 / (1 − p)

} // namespace

PairLoss orpo_loss(const AnswerScore &chosen, const AnswerScore &rejected, double beta) {
  const double better = log_odds(chosen.mean()) - log_odds(rejected.mean());
  const double push = -beta * sigmoid(-better); // ∂(−β·log σ(x)) / ∂x
  const auto tokens = [](const AnswerScore &answer) {
    return static_cast<double>(std::max<std::int64_t>(1, answer.tokens));
  };
  PairLoss pair{-beta * log_sigmoid(better), push * slope_of_log_odds(chosen.mean()) / tokens(chosen),
                -push * slope_of_log_odds(rejected.mean()) / tokens(rejected), beta * chosen.mean(),
                beta * rejected.mean()};
  add_nll(pair, chosen, 1);
  return pair;
}

} // namespace yanxing::train
