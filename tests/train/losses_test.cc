// Losses and slopes against TRL's own code (reference/make_losses.py, whose results are in reference/losses.json), and
// against differences of the loss itself.
#include "base/json.h"
#include "support/source.h"
#include "train/losses/dpo.h"
#include "train/losses/gkd.h"
#include "train/losses/grpo.h"
#include "train/losses/kto.h"
#include "train/losses/orpo.h"
#include "train/losses/simpo.h"

#include <functional>
#include <gtest/gtest.h>

namespace yanxing::train {
namespace {

constexpr double kTolerance = 1e-9; // both sides compute in double precision
constexpr double kSingle = 1e-6;    // where TRL turns to single precision by itself

Json reference_cases(const std::string &kind) {
  const auto all = read_json_file(test::source("tests/train/reference/losses.json"));
  EXPECT_TRUE(all.ok());
  Json chosen = Json::array();
  for (const auto &one : *all) {
    if (one["kind"] == kind) {
      chosen.push_back(one);
    }
  }
  EXPECT_FALSE(chosen.empty());
  return chosen;
}

using PairFunction = std::function<PairLoss(const AnswerScore &, const AnswerScore &)>;

PairFunction function_of(const Json &one) {
  const auto &settings = one["settings"];
  if (one["kind"] == "dpo") {
    return [made = DpoSettings{*dpo_kind_of(settings["kind"].get<std::string>()), settings["beta"]}](
               const auto &a, const auto &b) { return dpo_loss(a, b, made); };
  }
  if (one["kind"] == "orpo") {
    return [beta = settings["beta"].get<double>()](const auto &a, const auto &b) { return orpo_loss(a, b, beta); };
  }
  return [made = SimpoSettings{settings["beta"], settings["gamma"], settings["nll"], settings["label_smoothing"]}](
             const auto &a, const auto &b) { return simpo_loss(a, b, made); };
}

AnswerScore score_of(const Json &answer) { return {answer["log_p"], answer["reference"], answer["tokens"]}; }

class PairLosses : public testing::TestWithParam<const char *> {};

TEST_P(PairLosses, AreTrls) {
  for (const auto &one : reference_cases(GetParam())) {
    const auto loss = function_of(one);
    const auto count = static_cast<double>(one["pairs"].size());
    const double tolerance = one["kind"] == "orpo" ? kSingle : kTolerance;
    double sum = 0;
    for (const auto &pair : one["pairs"]) {
      const auto made = loss(score_of(pair["chosen"]), score_of(pair["rejected"]));
      sum += made.loss;
      EXPECT_NEAR(made.chosen_slope / count, pair["chosen"]["slope"].get<double>(), tolerance) << one["settings"];
      EXPECT_NEAR(made.rejected_slope / count, pair["rejected"]["slope"].get<double>(), tolerance) << one["settings"];
    }
    EXPECT_NEAR(sum / count, one["loss"].get<double>(), tolerance) << one["settings"];
  }
}

INSTANTIATE_TEST_SUITE_P(All, PairLosses, testing::Values("dpo", "orpo", "simpo"));

// What the definition gives: the loss a little to the left and to the right.
double slope_at(double x, const std::function<double(double)> &loss) {
  constexpr double kStep = 1e-5;
  return (loss(x + kStep) - loss(x - kStep)) / (2 * kStep);
}

TEST(PairLossSlopes, AreTheLossesOwnDifferences) {
  const AnswerScore chosen{-3.1, -3.6, 4};
  const AnswerScore rejected{-5.5, -4.9, 7};
  std::vector<PairFunction> losses;
  for (const auto kind : {DpoKind::kSigmoid, DpoKind::kHinge, DpoKind::kIpo}) {
    losses.emplace_back([kind](const auto &a, const auto &b) { return dpo_loss(a, b, {kind, 0.3, 0.15, 0.7}); });
  }
  losses.emplace_back([](const auto &a, const auto &b) { return orpo_loss(a, b, 0.4); });
  losses.emplace_back([](const auto &a, const auto &b) { return simpo_loss(a, b, {1.5, 0.5, 0.3, 0.1}); });
  for (const auto &loss : losses) {
    const auto made = loss(chosen, rejected);
    const auto with = [&](AnswerScore answer, double log_p) {
      answer.log_p = log_p;
      return answer;
    };
    EXPECT_NEAR(made.chosen_slope,
                slope_at(chosen.log_p, [&](double x) { return loss(with(chosen, x), rejected).loss; }), 1e-8);
    EXPECT_NEAR(made.rejected_slope,
                slope_at(rejected.log_p, [&](double x) { return loss(chosen, with(rejected, x)).loss; }), 1e-8);
    EXPECT_LT(made.chosen_slope, 0) << "the better answer is made likelier";
    EXPECT_GT(made.rejected_slope, 0);
  }
}

TEST(PairLossSlopes, StayFiniteForCertainAnswers) {
  for (const auto &made : {orpo_loss({0, 0, 3}, {-800, 0, 3}, 0.1), orpo_loss({-800, 0, 3}, {0, 0, 3}, 0.1),
                           dpo_loss({-1e4, 0, 1}, {0, 0, 1}, {})}) {
    EXPECT_TRUE(std::isfinite(made.loss) && std::isfinite(made.chosen_slope) && std::isfinite(made.rejected_slope));
  }
}

TEST(Kto, IsTrls) {
  for (const auto &one : reference_cases("kto")) {
    const auto &given = one["settings"];
    const KtoSettings settings{given["beta"], given["desirable_weight"], given["undesirable_weight"]};
    std::vector<AnswerScore> mismatched;
    for (const auto &answer : one["answers"]) {
      mismatched.push_back({answer["mismatched"], answer["mismatched_reference"], 1});
    }
    const double divergence = kto_divergence(mismatched);
    const auto count = static_cast<double>(one["answers"].size());
    double sum = 0;
    for (const auto &answer : one["answers"]) {
      const auto made =
          kto_loss({answer["log_p"], answer["reference"], 1}, answer["label"].get<bool>(), divergence, settings);
      sum += made.loss;
      EXPECT_NEAR(made.slope / count, answer["slope"].get<double>(), kTolerance);
    }
    EXPECT_NEAR(sum / count, one["loss"].get<double>(), kTolerance);
  }
}

TEST(GrpoLoss, IsTrls) {
  std::int64_t clipped = 0;
  for (const auto &one : reference_cases("grpo")) {
    const auto &given = one["settings"];
    GrpoLossSettings settings{*grpo_kind_of(given["kind"].get<std::string>()),
                              given["epsilon"],
                              given["epsilon_high"],
                              given["delta"],
                              given["beta"],
                              given["by_sequence"],
                              given["longest"]};
    std::int64_t choices = 0;
    for (const auto &completion : one["completions"]) {
      choices += static_cast<std::int64_t>(completion["log_p"].size());
    }
    const auto completions = static_cast<std::int64_t>(one["completions"].size());
    double sum = 0;
    for (const auto &completion : one["completions"]) {
      std::vector<ChoiceScore> scores;
      for (std::size_t i = 0; i < completion["log_p"].size(); ++i) {
        scores.push_back({completion["log_p"][i], completion["old"][i], completion["reference"][i]});
      }
      const auto made = grpo_loss(scores, completion["advantage"], settings);
      const double share = grpo_share(static_cast<std::int64_t>(scores.size()), choices, completions, settings);
      sum += share * made.loss;
      clipped += made.clipped;
      for (std::size_t i = 0; i < scores.size(); ++i) {
        EXPECT_NEAR(share * made.slopes[i], completion["slopes"][i].get<double>(), kTolerance) << given << " " << i;
      }
    }
    EXPECT_NEAR(sum, one["loss"].get<double>(), kTolerance) << given;
  }
  EXPECT_GT(clipped, 10) << "the cases reach the clip";
}

TEST(Advantages, AreRewardsAgainstTheirGroup) {
  const std::vector<double> rewards{1, 1, -5, 1, 0, 0, 0, 0};
  const auto group = advantages_of(rewards, 4, RewardScale::kGroup);
  EXPECT_NEAR(group[0], 1.5 / (3 + 1e-4), 1e-12); // mean −0.5, deviation 3
  EXPECT_NEAR(group[2], -4.5 / (3 + 1e-4), 1e-12);
  EXPECT_EQ(group[4], 0) << "all alike: nothing to learn";
  EXPECT_NEAR(advantages_of(rewards, 4, RewardScale::kNone)[2], -4.5, 1e-12);
  const double deviation = std::sqrt((3 * 1.25 * 1.25 + 4.75 * 4.75 + 4 * 0.25 * 0.25) / 7);
  EXPECT_NEAR(advantages_of(rewards, 4, RewardScale::kBatch)[0], 1.5 / (deviation + 1e-4), 1e-12);
}

TEST(LossNames, UnknownOnesAreErrors) {
  EXPECT_FALSE(dpo_kind_of("sigmoyd"));
  EXPECT_FALSE(grpo_kind_of("ppo"));
  EXPECT_FALSE(reward_scale_of("all"));
  EXPECT_TRUE(reward_scale_of("true")) << "as older scripts have it";
}

TEST(GkdLoss, IsTrls) {
  for (const auto &one : reference_cases("gkd")) {
    double sum = 0;
    for (std::size_t row = 0; row < one["student"].size(); ++row) {
      auto student = one["student"][row].get<std::vector<float>>();
      sum += generalized_jsd(student, one["teacher"][row].get<std::vector<float>>(), one["settings"]["beta"], student);
      for (std::size_t i = 0; i < student.size(); ++i) { // slopes now
        EXPECT_NEAR(static_cast<double>(student[i]), one["slopes"][row][i].get<double>(), 3 * kSingle)
            << one["settings"];
      }
    }
    EXPECT_NEAR(sum, one["loss"].get<double>(), 3 * kSingle) << one["settings"];
  }
}

TEST(GkdLoss, IsNothingBetweenTheSameAndNeverLess) {
  const std::vector<float> one{1.0F, -2.0F, 0.5F};
  const std::vector<float> shifted{3.0F, 0.0F, 2.5F};
  const std::vector<float> other{0.0F, 0.0F, -90.0F};
  for (const double beta : {0.0, 0.3, 1.0}) {
    std::vector<float> slopes(3);
    EXPECT_NEAR(generalized_jsd(one, shifted, beta, slopes), 0, 1e-7);
    EXPECT_NEAR(slopes[0], 0, 1e-7);
    EXPECT_GT(generalized_jsd(one, other, beta, slopes), 0);
    EXPECT_NEAR(slopes[0] + slopes[1] + slopes[2], 0, 1e-5) << "logits may be shifted";
  }
}

} // namespace
} // namespace yanxing::train
