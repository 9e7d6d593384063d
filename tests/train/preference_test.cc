// Preference recipes on a tiny model: against a naive computation answer by answer, and as runs.
#include "train/preference.h"

#include "nn/tiny.h"
#include "pack/packer.h"
#include "train/answer_scores.h"
#include "train/checkpoints.h"

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

namespace yanxing::train {
namespace {

namespace fs = std::filesystem;
using pack::Side;

pack::Item answer(std::int64_t index, Side side, std::vector<std::int64_t> prompt,
                  const std::vector<std::int64_t> &said) {
  pack::Item item;
  item.sample = pack::sample_of(index, side);
  item.group = index;
  const auto begin = static_cast<std::int64_t>(prompt.size());
  prompt.insert(prompt.end(), said.begin(), said.end());
  item.supervised = {{begin, static_cast<std::int64_t>(prompt.size())}};
  item.tokens = std::move(prompt);
  return item;
}

std::vector<pack::Item> pairs() {
  return {answer(0, Side::kChosen, {1, 2, 3, 4}, {11, 12}),     answer(0, Side::kRejected, {1, 2, 3, 4}, {21, 22, 23}),
          answer(1, Side::kChosen, {1, 2, 3, 5}, {31, 32, 33}), answer(1, Side::kRejected, {1, 2, 3, 5}, {41}),
          answer(2, Side::kChosen, {7, 8}, {12, 11}),           answer(2, Side::kRejected, {7, 8}, {13, 14})};
}

std::vector<pack::Item> labelled() {
  return {answer(0, Side::kChosen, {1, 2, 3, 4}, {11, 12}), answer(0, Side::kMismatched, {1, 2, 3, 4}, {21, 22}),
          answer(1, Side::kRejected, {1, 2, 3, 5}, {21, 22}), answer(1, Side::kMismatched, {1, 2, 3, 5}, {11, 12})};
}

std::vector<pack::PackedRow> rows_of(const std::vector<pack::Item> &items, std::int64_t length = 64) {
  return pack::pack(items, {length, true, 1}).rows;
}

class Preferences : public testing::Test {
protected:
  Preferences() {
    EXPECT_TRUE(nn::tiny::write(folder_.path() / "model", nn::tiny::config(), nn::tiny::weights()).ok());
    settings_.run.output = folder_.path() / "out";
    fs::create_directories(settings_.run.output);
    settings_.run.batch = 2;
    settings_.run.epochs = 10;
    settings_.run.learning_rate = 1e-2F;
    settings_.run.keep = 0;
  }
  [[nodiscard]] std::unique_ptr<nn::Model> model(const fs::path &adapter = {}) const {
    auto loaded = nn::Model::load(folder_.path() / "model");
    EXPECT_TRUE(loaded.ok());
    const auto ready = adapter.empty() ? (*loaded)->add_lora({4, 16.0F, 0.05F, false, false, {"all-linear"}}, 1)
                                       : (*loaded)->load_adapter(adapter);
    EXPECT_TRUE(ready.ok());
    return std::move(*loaded);
  }
  static double log_p_of(const nn::Model &model, const pack::Item &item, bool adapter = true) {
    auto alone = item;
    alone.group = -1;
    const auto rows = pack::pack({alone}, {64, false, 1}).rows;
    nn::Pass pass;
    pass.adapter = adapter;
    return model.log_probabilities(rows.at(0), pass).sum().item<double>();
  }
  static double margin(const nn::Model &model) {
    double sum = 0;
    for (const auto &item : pairs()) {
      const double gain = log_p_of(model, item) - log_p_of(model, item, false);
      sum += pack::side_of(item.sample) == Side::kChosen ? gain : -gain;
    }
    return sum / 3;
  }

  nn::tiny::Folder folder_{"preference"};
  PreferenceSettings settings_;
};

TEST_F(Preferences, ScoresAreThoseOfEachAnswerByItself) {
  const auto untaught = model();
  for (const std::int64_t length : {64, 12}) {
    std::size_t seen = 0;
    for (const auto &row : rows_of(pairs(), length)) {
      const auto scores = scores_of(row, untaught->log_probabilities(row));
      for (const auto &item : pairs()) {
        const auto found = scores.find({pack::index_of(item.sample), pack::side_of(item.sample)});
        if (found != scores.end()) {
          ++seen;
          EXPECT_NEAR(found->second.log_p, log_p_of(*untaught, item), 1e-4);
          EXPECT_EQ(found->second.tokens, item.supervised[0].second - item.supervised[0].first);
        }
      }
    }
    EXPECT_EQ(seen, 6U);
  }
}

// The gradient of Σ slope · log p is that of the loss: moving along it changes the loss as its norm says.
TEST_F(Preferences, DescentIsTheLosssGradient) {
  const auto taught = model();
  const auto row = rows_of(pairs()).at(0);
  const DpoSettings dpo{DpoKind::kSigmoid, 0.5, 0.1, 0.3};
  const auto loss_of = [&](bool with_gradient) {
    const auto log_p = taught->log_probabilities(row);
    auto scores = scores_of(row, log_p);
    double loss = 0;
    std::map<AnswerKey, double> by_answer;
    for (const auto &[key, chosen] : scores) {
      if (key.second == Side::kChosen) {
        const auto pair = dpo_loss(chosen, scores.at({key.first, Side::kRejected}), dpo);
        loss += pair.loss;
        by_answer[key] = pair.chosen_slope;
        by_answer[{key.first, Side::kRejected}] = pair.rejected_slope;
      }
    }
    if (with_gradient) {
      nn::backward(descent_of(row, log_p, by_answer));
    }
    return loss;
  };
  (void)loss_of(true);
  double norm = 0;
  for (const auto &parameter : taught->parameters()) {
    norm += parameter.tensor.grad().square().sum().item<double>();
  }
  ASSERT_GT(norm, 0);
  const auto moved = [&](double by) {
    for (const auto &parameter : taught->parameters()) {
      parameter.tensor.detach().add_(parameter.tensor.grad(), by);
    }
    const double loss = loss_of(false);
    for (const auto &parameter : taught->parameters()) {
      parameter.tensor.detach().sub_(parameter.tensor.grad(), by);
    }
    return loss;
  };
  const double step = 1e-2 / std::sqrt(norm);
  EXPECT_NEAR((moved(step) - moved(-step)) / (2 * step), norm, 2e-2 * norm);
}

TEST_F(Preferences, EachMethodPrefersWhatIsBetter) {
  const std::vector<decltype(settings_.loss)> losses{DpoSettings{}, DpoSettings{DpoKind::kHinge}, OrpoSettings{0.5},
                                                     DpoSettings{DpoKind::kIpo}, SimpoSettings{2, 1, 0}};
  for (std::size_t i = 0; i < losses.size(); ++i) {
    settings_.loss = losses[i];
    const auto taught = model();
    const double before = margin(*taught);
    EXPECT_EQ(before, 0) << "a fresh adapter is the reference itself";
    Metrics first;
    const auto result =
        learn_preferences(*taught, rows_of(pairs()), rows_of(pairs()), settings_, [&](const StepReport &report) {
          first = first.empty() ? report.metrics : first;
          return true;
        });
    ASSERT_TRUE(result.ok()) << result.error().message();
    EXPECT_GT(margin(*taught), 1) << i;
    EXPECT_EQ(first.at(2).first, "rewards/margins");
    EXPECT_GT(result->metrics.at(2).second, first.at(2).second);
    EXPECT_EQ(result->metrics.at(3).second, 1) << "accuracies";
  }
}

TEST_F(Preferences, KtoPartsGoodFromBad) {
  settings_.loss = KtoSettings{};
  const auto taught = model();
  const auto result = learn_preferences(*taught, rows_of(labelled()), {}, settings_, {});
  ASSERT_TRUE(result.ok()) << result.error().message();
  const auto items = labelled();
  EXPECT_GT(log_p_of(*taught, items[0]), log_p_of(*taught, items[0], false));
  EXPECT_LT(log_p_of(*taught, items[2]), log_p_of(*taught, items[2], false));
}

TEST_F(Preferences, GoOnBitForBitWithTheReferencesThatWereKept) {
  settings_.loss = DpoSettings{};
  settings_.run.epochs = 6;
  const auto rows = rows_of(pairs(), 12);
  ASSERT_GT(rows.size(), 1U);
  for (const bool whole : {false, true}) {
    settings_.run.resume.clear();
    settings_.run.learning_rate = whole ? 1e-3F : 1e-2F;
    settings_.reference_is_start = whole;
    const auto fresh = [&](const fs::path &from) {
      if (!whole) {
        return model(from);
      }
      auto loaded = nn::Model::load(folder_.path() / "model");
      EXPECT_TRUE((*loaded)->train_weights({}).ok());
      EXPECT_TRUE(from.empty() || (*loaded)->load_trained(from).ok());
      return std::move(*loaded);
    };
    settings_.run.output = folder_.path() / (whole ? "whole weights" : "whole");
    fs::create_directories(settings_.run.output);
    const auto undisturbed = fresh({});
    ASSERT_TRUE(learn_preferences(*undisturbed, rows, {}, settings_, {}).ok());

    settings_.run.output = folder_.path() / (whole ? "broken weights" : "broken");
    fs::create_directories(settings_.run.output);
    ASSERT_TRUE(learn_preferences(*fresh({}), rows, {}, settings_, [](const StepReport &report) {
                  return report.step < 4;
                }).ok());
    settings_.run.resume = Checkpoints::latest(settings_.run.output);
    const auto second = fresh(settings_.run.resume);
    const auto resumed = learn_preferences(*second, rows, {}, settings_, {});
    ASSERT_TRUE(resumed.ok()) << resumed.error().message();
    for (const auto &item : pairs()) {
      EXPECT_EQ(log_p_of(*second, item), log_p_of(*undisturbed, item));
    }
    fs::remove(settings_.run.output / "reference.json");
    const auto refused = learn_preferences(*second, rows, {}, settings_, {});
    EXPECT_EQ(refused.ok(), !whole) << "what it was at the start cannot be computed again";
  }
}

} // namespace
} // namespace yanxing::train
