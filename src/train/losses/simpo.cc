#include "train/losses/simpo.h"

namespace yanxing::train {

PairLoss simpo_loss(const AnswerScore &chosen, const AnswerScore &rejected, const SimpoSettings &settings) {
  const double x = settings.beta * (chosen.mean() - rejected.mean()) - settings.gamma;
  const double wrong = settings.label_smoothing;
  const double slope = settings.beta * (wrong * sigmoid(x) - (1 - wrong) * sigmoid(-x));
  const auto tokens = [](const AnswerScore &answer) {
    return static_cast<double>(std::max<std::int64_t>(1, answer.tokens));
  };
  PairLoss pair{-(1 - wrong) * log_sigmoid(x) - wrong * log_sigmoid(-x), slope / tokens(chosen),
                -slope / tokens(rejected), settings.beta * chosen.mean(), settings.beta * rejected.mean()};
  add_nll(pair, chosen, settings.nll);
  return pair;
}

} // namespace yanxing::train
