#include "train/preference.h"

#include "train/answer_scores.h"
#include "train/losses/orpo.h"
#include "train/row_loop.h"

#include <ATen/core/Tensor.h>

#include <array>
#include <optional>
#include <set>

namespace yanxing::train {
namespace {

using Slopes = std::map<AnswerKey, double>;

// Sums and their counts, as RowLoss has them.
class Sums {
public:
  explicit Sums(std::size_t metrics) : values_(2 * metrics, 0.0) {}
  void add(std::size_t metric, double value) {
    values_[2 * metric] += value;
    ++values_[2 * metric + 1];
  }
  [[nodiscard]] std::vector<double> take() && { return std::move(values_); }

private:
  std::vector<double> values_;
};

struct Judged {
  double loss = 0;
  Slopes slopes;
  std::vector<double> metrics;
};

const std::vector<std::string> kPairMetrics{"rewards/chosen",     "rewards/rejected", "rewards/margins",
                                            "rewards/accuracies", "logps/chosen",     "logps/rejected"};
const std::vector<std::string> kKtoMetrics{"rewards/chosen", "rewards/rejected", "kl", "logps/chosen",
                                           "logps/rejected"};

PairLoss pair_loss(const AnswerScore &chosen, const AnswerScore &rejected, const PreferenceSettings &settings) {
  if (const auto *dpo = std::get_if<DpoSettings>(&settings.loss)) {
    return dpo_loss(chosen, rejected, *dpo);
  }
  if (const auto *simpo = std::get_if<SimpoSettings>(&settings.loss)) {
    return simpo_loss(chosen, rejected, *simpo);
  }
  return orpo_loss(chosen, rejected, std::get<OrpoSettings>(settings.loss).beta);
}

Judged judge_pairs(const AnswerScores &scores, const PreferenceSettings &settings) {
  Judged judged;
  Sums sums(kPairMetrics.size());
  for (const auto &[key, chosen] : scores) {
    const auto other = scores.find({key.first, pack::Side::kRejected});
    if (key.second != pack::Side::kChosen || other == scores.end()) {
      continue;
    }
    const auto &rejected = other->second;
    const auto pair = pair_loss(chosen, rejected, settings);
    judged.loss += pair.loss;
    judged.slopes[key] = pair.chosen_slope;
    judged.slopes[other->first] = pair.rejected_slope;
    const std::array<double, 6> values{pair.chosen_reward,
                                       pair.rejected_reward,
                                       pair.chosen_reward - pair.rejected_reward,
                                       pair.chosen_reward > pair.rejected_reward ? 1.0 : 0.0,
                                       chosen.log_p,
                                       rejected.log_p};
    for (std::size_t i = 0; i < values.size(); ++i) {
      sums.add(i, values[i]);
    }
  }
  judged.metrics = std::move(sums).take();
  return judged;
}

Judged judge_labelled(const AnswerScores &scores, const KtoSettings &settings) {
  std::vector<AnswerScore> mismatched;
  for (const auto &[key, score] : scores) {
    if (key.second == pack::Side::kMismatched) {
      mismatched.push_back(score);
    }
  }
  const double divergence = kto_divergence(mismatched);
  Judged judged;
  Sums sums(kKtoMetrics.size());
  sums.add(2, divergence);
  for (const auto &[key, score] : scores) {
    if (key.second == pack::Side::kMismatched) {
      continue;
    }
    const bool good = key.second == pack::Side::kChosen;
    const auto made = kto_loss(score, good, divergence, settings);
    judged.loss += made.loss;
    judged.slopes[key] = made.slope;
    sums.add(good ? 0 : 1, made.reward);
    sums.add(good ? 3 : 4, score.log_p);
  }
  judged.metrics = std::move(sums).take();
  return judged;
}

// Comparisons of a row: its pairs, or its labelled answers.
std::int64_t comparisons_in(const pack::PackedRow &row, bool pairs) {
  std::set<AnswerKey> answers;
  for (const auto &target : row.targets) {
    const auto key = key_of(row, target);
    if (key.second != pack::Side::kMismatched && (!pairs || key.second == pack::Side::kChosen)) {
      answers.insert(key);
    }
  }
  return static_cast<std::int64_t>(answers.size());
}

struct BothReferences {
  References rows;
  References validation;
};

Result<BothReferences> make_references(const nn::Model &model, const std::vector<pack::PackedRow> &rows,
                                       const std::vector<pack::PackedRow> &validation,
                                       const PreferenceSettings &settings) {
  const auto &run = settings.run;
  nn::Pass pass;
  pass.adapter = settings.reference_is_start;
  const bool writes = run.processes == nullptr || run.processes->leads();
  const auto all = rows.size() + validation.size();
  const auto made = [&](const std::vector<pack::PackedRow> &which, const char *name, std::size_t before) {
    return References::of(model, which, pass, run.output / name, writes, [&settings, before, all](std::size_t row) {
      if (settings.on_reference) {
        settings.on_reference(before + row, all);
      }
    });
  };
  auto learned = made(rows, "reference.json", 0);
  if (!learned) {
    return learned.error();
  }
  auto held = made(validation, "reference_validation.json", rows.size());
  return held ? Result<BothReferences>(BothReferences{std::move(*learned), std::move(*held)})
              : Result<BothReferences>(held.error());
}

// A model that has moved on is no longer its own reference.
Status can_resume(const nn::Model &model, const PreferenceSettings &settings) {
  const bool moved = !settings.run.resume.empty() && (settings.reference_is_start || !model.has_adapter());
  std::error_code code;
  if (moved && !std::filesystem::exists(settings.run.output / "reference.json", code)) {
    return Error{(settings.run.output / "reference.json").string() + " of the run is gone: what the model was at its "
                                                                     "start cannot be computed any more",
                 "Start afresh without --resume_from_checkpoint"};
  }
  return {};
}

} // namespace

Result<RunResult> learn_preferences(nn::Model &model, const std::vector<pack::PackedRow> &rows,
                                    const std::vector<pack::PackedRow> &validation, const PreferenceSettings &settings,
                                    const OnStep &on_step) {
  const auto *kto = std::get_if<KtoSettings>(&settings.loss);
  const bool refers = kto != nullptr || std::holds_alternative<DpoSettings>(settings.loss);
  std::optional<BothReferences> references;
  if (refers) {
    if (auto can = can_resume(model, settings); !can) {
      return can.error();
    }
    auto made = make_references(model, rows, validation, settings);
    if (!made) {
      return made.error();
    }
    references = std::move(*made);
  }
  RowObjective objective;
  objective.metrics = kto != nullptr ? kKtoMetrics : kPairMetrics;
  objective.samples = [pairs = kto == nullptr](const pack::PackedRow &row) { return comparisons_in(row, pairs); };
  objective.weight = [&](const pack::PackedRow &row) { return static_cast<double>(objective.samples(row)); };
  objective.loss = [&](const pack::PackedRow &row, std::size_t index, bool held, const nn::Pass &pass) {
    const auto log_p = model.log_probabilities(row, pass);
    auto scores = scores_of(row, log_p);
    if (references) {
      (held ? references->validation : references->rows).put_into(scores, index);
    }
    auto judged = kto != nullptr ? judge_labelled(scores, *kto) : judge_pairs(scores, settings);
    return RowLoss{descent_of(row, log_p, judged.slopes), judged.loss, std::move(judged.metrics)};
  };
  return run_over_rows(model, rows, validation, objective, settings.run, on_step);
}

} // namespace yanxing::train
