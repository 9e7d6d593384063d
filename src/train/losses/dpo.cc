#include "train/losses/dpo.h"

#include <string>

namespace yanxing::train {
namespace {

struct Slope {
  double loss = 0;
  double slope = 0; // of the loss by the margin
};

Slope sigmoid_loss(double margin, const DpoSettings &settings) {
  const double x = settings.beta * margin;
  const double wrong = settings.label_smoothing;
  return {-(1 - wrong) * log_sigmoid(x) - wrong * log_sigmoid(-x),
          settings.beta * (wrong * sigmoid(x) - (1 - wrong) * sigmoid(-x))};
}

Slope hinge_loss(double margin, const DpoSettings &settings) {
  const double missing = 1 - settings.beta * margin;
  return missing > 0 ? Slope{missing, -settings.beta} : Slope{};
}

Slope ipo_loss(double margin, const DpoSettings &settings) {
  const double off = margin - 1 / (2 * settings.beta);
  return {off * off, 2 * off};
}

} // namespace

Result<DpoKind> dpo_kind_of(std::string_view name) {
  if (name == "sigmoid") {
    return DpoKind::kSigmoid;
  }
  if (name == "hinge") {
    return DpoKind::kHinge;
  }
  if (name == "ipo") {
    return DpoKind::kIpo;
  }
  return Error{"DPO has no loss \"" + std::string(name) + "\"", "Use sigmoid, hinge or ipo"};
}

PairLoss dpo_loss(const AnswerScore &chosen, const AnswerScore &rejected, const DpoSettings &settings) {
  const bool by_token = settings.kind == DpoKind::kIpo;
  const auto share = [&](const AnswerScore &answer) {
    return by_token ? 1 / static_cast<double>(std::max<std::int64_t>(1, answer.tokens)) : 1.0;
  };
  const double gain_chosen = chosen.log_p - chosen.reference;
  const double gain_rejected = rejected.log_p - rejected.reference;
  const double margin = gain_chosen * share(chosen) - gain_rejected * share(rejected);
  const auto made = settings.kind == DpoKind::kSigmoid ? sigmoid_loss(margin, settings)
                    : settings.kind == DpoKind::kHinge ? hinge_loss(margin, settings)
                                                       : ipo_loss(margin, settings);
  PairLoss pair{made.loss, made.slope * share(chosen), -made.slope * share(rejected), settings.beta * gain_chosen,
                settings.beta * gain_rejected};
  add_nll(pair, chosen, settings.rpo_alpha);
  return pair;
}

} // namespace yanxing::train
