#include "train/losses/kto.h"

namespace yanxing::train {

double kto_divergence(std::span<const AnswerScore> mismatched) {
  double sum = 0;
  for (const auto &answer : mismatched) {
    sum += answer.log_p - answer.reference;
  }
  return mismatched.empty() ? 0 : std::max(0.0, sum / static_cast<double>(mismatched.size()));
}

KtoLoss kto_loss(const AnswerScore &answer, bool desirable, double divergence, const KtoSettings &settings) {
  const double gain = answer.log_p - answer.reference;
  const double sign = desirable ? 1 : -1;
  const double weight = desirable ? settings.desirable_weight : settings.undesirable_weight;
  const double value = sigmoid(settings.beta * sign * (gain - divergence));
  return {weight * (1 - value), -weight * sign * settings.beta * value * (1 - value), settings.beta * gain};
}

} // namespace yanxing::train
