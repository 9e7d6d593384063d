// GRPO on a tiny model: choices against a naive computation, and runs with a source that needs no engine.
#include "train/grpo.h"

#include "base/files.h"
#include "nn/tiny.h"
#include "train/bandit.h"
#include "train/checkpoints.h"
#include "train/choice_rows.h"

#include <ATen/core/Tensor.h>
#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>

namespace yanxing::train {
namespace {

namespace fs = std::filesystem;

// A softmax over the candidates alone, of those taken.
double naive_log_p(const nn::Model &model, const Written &written, const Choice &choice, double temperature) {
  const auto masses = masses_of(model, written, choice, temperature);
  const auto taken = masses.begin() + static_cast<std::ptrdiff_t>(choice.taken);
  return std::log(std::accumulate(masses.begin(), taken, 0.0) / std::accumulate(masses.begin(), masses.end(), 0.0));
}

class Grpo : public testing::Test {
protected:
  Grpo() {
    EXPECT_TRUE(nn::tiny::write(folder_.path() / "model", nn::tiny::config(), nn::tiny::weights()).ok());
    settings_.run.output = folder_.path() / "out";
    fs::create_directories(settings_.run.output);
    settings_.run.batch = 16;
    settings_.run.epochs = 12;
    settings_.run.learning_rate = 1e-2F;
    settings_.run.keep = 0;
    settings_.max_length = 48;
  }
  [[nodiscard]] std::unique_ptr<nn::Model> model(const fs::path &adapter = {}) const {
    auto loaded = nn::Model::load(folder_.path() / "model");
    EXPECT_TRUE(loaded.ok());
    const auto ready = adapter.empty() ? (*loaded)->add_lora({4, 16.0F, 0.05F, false, false, {"all-linear"}}, 1)
                                       : (*loaded)->load_adapter(adapter);
    EXPECT_TRUE(ready.ok());
    return std::move(*loaded);
  }
  static double reward(const nn::Model &model, std::uint64_t seed = 9) {
    const std::vector<std::size_t> prompts{0, 1, 2, 3};
    double sum = 0;
    const auto rollouts = Bandit(1).collect(model, prompts, 32, seed);
    for (const auto &rollout : *rollouts) {
      sum += rollout.reward / static_cast<double>(rollouts->size());
    }
    return sum;
  }

  nn::tiny::Folder folder_{"grpo"};
  GrpoSettings settings_;
};

TEST_F(Grpo, ChoicesHaveTheProbabilityThatTheyAreDefinedBy) {
  const auto policy = model();
  for (const auto &parameter : policy->parameters()) { // so that the adapter does something
    parameter.tensor.detach().add_(0.02);
  }
  constexpr double kTemperature = 0.7;
  Rollout two{{{{1, 2, 3, 4, 21, 22, 23, 50}, 4, {}}, {{1, 2, 9, 31, 32, 50}, 3, {}}}, 1, {}, true, false, 0, {}};
  two.written[0].choices = {{{}, {{21, 0}, {24, 0.5}}, 1, 0},
                            {{21}, {{22, 0}, {25, 0}, {26, -1}}, 2, 0},        // a group of two was taken
                            {{21, 40, 41}, {{42, 0}, {43, 0}, {44, 0}}, 1, 0}, // behind other tokens than were written
                            {{21, 22}, {{23, 0.1}, {24, 0}}, 1, 0}};
  two.written[1].choices = {{{31}, {{32, 0}, {33, 0}}, 1, 0}};
  auto other = two;
  other.written.pop_back();
  const std::vector<Rollout> rollouts{two, other};
  const auto packed = pack_choices(rollouts, 64);
  ASSERT_TRUE(packed.too_long.empty());
  std::size_t seen = 0;
  for (const auto &[row, choices] : packed.rows) {
    const auto log_p = policy->log_probabilities(row).detach().contiguous();
    const std::span numbers(log_p.const_data_ptr<float>(), static_cast<std::size_t>(log_p.numel()));
    for (const auto &placed : choices) {
      ++seen;
      const auto &rollout = rollouts[placed.rollout];
      for (const auto &written : rollout.written) {
        for (const auto &choice : written.choices) {
          if (&choice == placed.choice) {
            const auto made = log_p_of(placed, numbers, kTemperature);
            EXPECT_NEAR(made.log_p, naive_log_p(*policy, written, choice, kTemperature), 1e-5);
            EXPECT_GE(made.entropy, 0);
            EXPECT_LE(made.entropy, std::log(static_cast<double>(choice.candidates.size())) + 1e-9);
          }
        }
      }
      // Slopes are differences of the definition.
      std::vector<float> slopes(numbers.size(), 0.0F);
      add_slopes(placed, numbers, kTemperature, 2.0, slopes);
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        std::vector<float> moved(numbers.begin(), numbers.end());
        constexpr float kStep = 1e-2F;
        moved[i] += kStep;
        const double up = log_p_of(placed, moved, kTemperature).log_p;
        moved[i] -= 2 * kStep;
        const double down = log_p_of(placed, moved, kTemperature).log_p;
        EXPECT_NEAR(static_cast<double>(slopes[i]), 2.0 * (up - down) / (2.0 * static_cast<double>(kStep)), 2e-3);
      }
    }
  }
  EXPECT_EQ(seen, 9U);
  EXPECT_EQ(pack_choices(rollouts, 11).too_long, std::vector<std::size_t>{0}) << "all of a rollout or nothing";
}

TEST_F(Grpo, MakesLikelierWhatIsRewarded) {
  for (const auto kind : {GrpoKind::kGrpo, GrpoKind::kDapo, GrpoKind::kCispo, GrpoKind::kDrGrpo, GrpoKind::kBnpo}) {
    settings_.loss.kind = kind;
    settings_.loss.beta = 0.01;
    settings_.loss.longest = 2;
    settings_.loss.epsilon_high = kind == GrpoKind::kCispo ? 2 : 0.2;
    settings_.num_iterations = kind == GrpoKind::kGrpo ? 2 : 1;
    const auto policy = model();
    const double before = reward(*policy);
    Bandit bandit(settings_.temperature);
    Metrics first;
    const auto result = grpo(*policy, bandit, settings_, [&](const StepReport &report) {
      first = first.empty() ? report.metrics : first;
      return true;
    });
    ASSERT_TRUE(result.ok()) << result.error().message();
    EXPECT_GT(reward(*policy), before + 0.25) << static_cast<int>(kind);
    const auto value = [](const Metrics &metrics, const std::string &name) {
      const auto found = std::find_if(metrics.begin(), metrics.end(), [&](const auto &m) { return m.first == name; });
      EXPECT_NE(found, metrics.end()) << name;
      return found == metrics.end() ? 0 : found->second;
    };
    EXPECT_LT(value(first, "sampling_logp_difference"), 1e-5) << "trainer and source mean the same";
    EXPECT_NEAR(value(first, "kl"), 0, 1e-6);
    EXPECT_GT(value(result->metrics, "kl"), 0.01);
    EXPECT_GT(value(first, "entropy"), 0.1);
    EXPECT_EQ(value(first, "completions/mean_length"), 2);
  }
  const auto lines = read_file(settings_.run.output / "completions.jsonl");
  ASSERT_TRUE(lines.ok());
  const auto line = Json::parse(lines->substr(0, lines->find('\n')));
  EXPECT_TRUE(line.contains("advantage") && line.contains("reward") && line["rewards"].contains("outcome"));
}

TEST_F(Grpo, GoesOnBitForBit) {
  settings_.num_iterations = 2;
  settings_.dynamic_sample = true;
  settings_.run.epochs = 5;
  Bandit bandit(settings_.temperature);
  const auto whole = model();
  ASSERT_TRUE(grpo(*whole, bandit, settings_, {}).ok());
  settings_.run.output = folder_.path() / "broken off";
  fs::create_directories(settings_.run.output);
  ASSERT_TRUE(grpo(*model(), bandit, settings_, [](const StepReport &report) { return report.step != 7; }).ok());
  settings_.run.resume = Checkpoints::latest(settings_.run.output);
  EXPECT_EQ(settings_.run.resume.filename(), "checkpoint-8") << "completions are used up first";
  const auto second = model(settings_.run.resume);
  const auto resumed = grpo(*second, bandit, settings_, {});
  ASSERT_TRUE(resumed.ok()) << resumed.error().message();
  const auto a = whole->parameters();
  const auto b = second->parameters();
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(a[i].tensor.equal(b[i].tensor)) << a[i].name;
  }
}

TEST_F(Grpo, SaysWhatDoesNotFit) {
  Bandit bandit(1);
  settings_.run.batch = 12;
  const auto odd = grpo(*model(), bandit, settings_, {});
  ASSERT_FALSE(odd.ok());
  EXPECT_NE(odd.error().message().find("num_generations"), std::string::npos);
}

} // namespace
} // namespace yanxing::train
