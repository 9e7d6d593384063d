#include "train/grpo.h"

#include "train/choice_rows.h"
#include "train/plan.h"
#include "train/stepper.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

namespace yanxing::train {
namespace {

// What was tried, and what each try is worth.
struct Batch {
  std::vector<Rollout> rollouts;
  std::vector<double> advantages;
  ChoiceRows packed;
  std::vector<std::vector<ChoiceScore>> scores; // of each row's choices: references, and log p when they were drawn
  Metrics metrics;
};

struct StepSums {
  double divergence = 0;
  double entropy = 0;
  double mismatch = 0;
  std::int64_t choices = 0;
  std::int64_t clipped = 0;
};

bool all_alike(std::span<const Rollout> group) {
  return std::all_of(group.begin(), group.end(), [&](const Rollout &r) { return r.reward == group.front().reward; });
}

std::vector<double> rewards_of(const std::vector<Rollout> &rollouts) {
  std::vector<double> rewards;
  for (const auto &rollout : rollouts) {
    rewards.push_back(rollout.reward);
  }
  return rewards;
}

class Run {
public:
  Run(nn::Model &model, RolloutSource &source, const GrpoSettings &settings)
      : model_(model), source_(source), settings_(settings), stepper_(model, settings.run) {}

  Result<RunResult> run(const OnStep &on_step) {
    if (auto ready = prepare(); !ready) {
      return ready.error();
    }
    for (auto at = stepper_.first(); at < stepper_.steps(); at += settings_.num_iterations) {
      auto batch = collect(at);
      if (!batch) {
        return batch.error();
      }
      bool stop = false;
      for (std::int64_t iteration = 0; iteration < settings_.num_iterations; ++iteration) {
        const auto moved = move(*batch, at + iteration, iteration == 0, on_step);
        if (!moved) {
          return moved.error();
        }
        stop = stop || !*moved;
      }
      // Completions are not kept: a run goes on where new ones are drawn.
      if (auto saved = save(at, stop); !saved) {
        return saved.error();
      }
      if (stop) {
        break;
      }
    }
    return result_;
  }

private:
  Status prepare() {
    if (stepper_.processes().size() > 1) {
      return Error{"GRPO runs in one process", "Start it without torchrun"};
    }
    const auto group = static_cast<std::int64_t>(settings_.num_generations);
    if (group < 2 || settings_.run.batch % group != 0) {
      return Error{"a step of " + std::to_string(settings_.run.batch) +
                       " completions is no whole number of groups of " + std::to_string(group),
                   "Let --per_device_train_batch_size times --gradient_accumulation_steps be a multiple of "
                   "--num_generations (2 or more)"};
    }
    if (settings_.num_iterations < 1) {
      return Error{"--num_iterations must be 1 or more", ""};
    }
    // Prompts are shuffled and dealt out as rows of one sample each are.
    std::vector<pack::PackedRow> prompts(source_.prompts());
    for (auto &prompt : prompts) {
      prompt.samples = {0};
    }
    const auto most = (settings_.run.max_steps + settings_.num_iterations - 1) / settings_.num_iterations;
    plan_ = plan_steps(prompts, settings_.run.epochs, settings_.run.batch / group, most, settings_.run.seed);
    if (plan_.empty()) {
      return Error{"there is nothing to try out", "Give a --dataset with at least one decision"};
    }
    return stepper_.begin(static_cast<std::int64_t>(plan_.size()) * settings_.num_iterations);
  }

  // Rollouts of the step's prompts, rewarded, compared and packed.
  Result<Batch> collect(std::int64_t at) {
    const auto &planned = plan_[static_cast<std::size_t>(at / settings_.num_iterations)];
    const auto seed = settings_.run.seed + static_cast<std::uint64_t>(at) * 1000003U;
    auto rollouts = source_.collect(model_, planned.rows, settings_.num_generations, seed);
    if (!rollouts) {
      return rollouts.error();
    }
    Batch batch;
    batch.rollouts = std::move(*rollouts);
    for (int attempt = 1; settings_.dynamic_sample && attempt <= settings_.max_resample_times; ++attempt) {
      const auto drawn = draw_anew(batch.rollouts, seed + static_cast<std::uint64_t>(attempt));
      if (!drawn) {
        return drawn.error();
      }
      if (!*drawn) {
        break;
      }
    }
    batch.advantages = advantages_of(rewards_of(batch.rollouts), settings_.num_generations, settings_.scale);
    batch.packed = pack_choices(batch.rollouts, settings_.max_length);
    leave_out(batch);
    describe(batch);
    if (auto written = write_down(batch, at); !written) {
      return written.error();
    }
    refer(batch);
    return batch;
  }

  // Replaces groups that teach nothing by those of other prompts. False where there is none.
  Result<bool> draw_anew(std::vector<Rollout> &rollouts, std::uint64_t seed) {
    const auto size = settings_.num_generations;
    std::vector<std::size_t> dull;
    std::vector<std::size_t> prompts;
    for (std::size_t begin = 0; begin < rollouts.size(); begin += size) {
      if (all_alike(std::span(rollouts).subspan(begin, size))) {
        dull.push_back(begin);
        const auto draw = seed * 6364136223846793005ULL + begin * 1442695040888963407ULL;
        prompts.push_back((draw >> 17U) % source_.prompts());
      }
    }
    if (dull.empty()) {
      return false;
    }
    auto others = source_.collect(model_, prompts, size, seed);
    if (!others) {
      return others.error();
    }
    for (std::size_t i = 0; i < dull.size(); ++i) {
      std::move(others->begin() + static_cast<std::ptrdiff_t>(i * size),
                others->begin() + static_cast<std::ptrdiff_t>((i + 1) * size),
                rollouts.begin() + static_cast<std::ptrdiff_t>(dull[i]));
    }
    return true;
  }

  // Completions that teach nothing by themselves: too long to be computed, or broken off.
  void leave_out(Batch &batch) const {
    for (const auto rollout : batch.packed.too_long) {
      batch.advantages[rollout] = 0;
    }
    for (std::size_t i = 0; settings_.overlong_filter && i < batch.rollouts.size(); ++i) {
      batch.advantages[i] = batch.rollouts[i].finished ? batch.advantages[i] : 0;
    }
  }

  void describe(Batch &batch) const {
    const auto rewards = rewards_of(batch.rollouts);
    const auto count = static_cast<double>(rewards.size());
    const double groups = count / static_cast<double>(settings_.num_generations);
    double mean = 0;
    double dull = 0;
    double deviation = 0;
    double length = 0;
    double abstained = 0;
    double cut = 0;
    std::map<std::string, double> functions;
    for (const auto &rollout : batch.rollouts) {
      mean += rollout.reward / count;
      length += static_cast<double>(rollout.tokens) / count;
      abstained += rollout.abstained ? 1 / count : 0;
      cut += rollout.finished ? 0 : 1 / count;
      for (const auto &[name, value] : rollout.rewards) {
        functions[name] += std::isnan(value) ? 0 : value / count;
      }
    }
    for (const double reward : rewards) {
      deviation += (reward - mean) * (reward - mean) / std::max(1.0, count - 1);
    }
    for (std::size_t begin = 0; begin < rewards.size(); begin += settings_.num_generations) {
      dull += all_alike(std::span(batch.rollouts).subspan(begin, settings_.num_generations)) ? 1 / groups : 0;
    }
    batch.metrics = {{"reward", mean},
                     {"reward_std", std::sqrt(deviation)},
                     {"frac_reward_zero_std", dull},
                     {"completions/mean_length", length},
                     {"completions/clipped_ratio", cut},
                     {"abstention", abstained}};
    for (const auto &[name, value] : functions) {
      batch.metrics.emplace_back("rewards/" + name, value);
    }
  }

  Status write_down(const Batch &batch, std::int64_t at) const {
    std::ofstream out(settings_.run.output / "completions.jsonl", std::ios::app);
    for (std::size_t i = 0; i < batch.rollouts.size(); ++i) {
      auto line = batch.rollouts[i].record;
      line["step"] = at + 1;
      line["reward"] = batch.rollouts[i].reward;
      line["advantage"] = batch.advantages[i];
      for (const auto &[name, value] : batch.rollouts[i].rewards) {
        line["rewards"][name] = value;
      }
      out << dump(line) << '\n';
    }
    out.flush();
    return out ? Status()
               : Status(Error{"cannot write completions.jsonl in " + settings_.run.output.string(),
                              "Free some disk space or choose another --output_dir"});
  }

  // Log p of every choice under the model without its adapter.
  void refer(Batch &batch) const {
    const at::NoGradGuard no_gradients;
    nn::Pass pass;
    pass.adapter = false;
    for (const auto &row : batch.packed.rows) {
      auto &scores = batch.scores.emplace_back(row.choices.size());
      if (settings_.loss.beta == 0) {
        continue;
      }
      const auto log_p = model_.log_probabilities(row.row, pass).contiguous();
      const std::span numbers(log_p.const_data_ptr<float>(), static_cast<std::size_t>(log_p.numel()));
      for (std::size_t i = 0; i < scores.size(); ++i) {
        scores[i].reference = log_p_of(row.choices[i], numbers, settings_.temperature).log_p;
      }
    }
  }

  // The row's part of the loss becomes gradients.
  double descend(const ChoiceRow &row, std::vector<ChoiceScore> &scores, const Batch &batch, bool first,
                 std::int64_t all_choices, double scale, StepSums &sums) const {
    const auto target_log_p = model_.log_probabilities(row.row);
    const auto detached = target_log_p.detach().contiguous();
    const std::span numbers(detached.const_data_ptr<float>(), static_cast<std::size_t>(detached.numel()));
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto now = log_p_of(row.choices[i], numbers, settings_.temperature);
      scores[i].log_p = now.log_p;
      scores[i].old = first ? now.log_p : scores[i].old; // nothing has moved since they were drawn
      sums.entropy += now.entropy;
      sums.mismatch += std::abs(now.log_p - row.choices[i].choice->log_p);
    }
    std::vector<float> slopes(numbers.size(), 0.0F);
    double loss = 0;
    for (std::size_t begin = 0; begin < scores.size();) {
      const auto rollout = row.choices[begin].rollout;
      auto end = begin;
      while (end < scores.size() && row.choices[end].rollout == rollout) {
        ++end;
      }
      const auto own = std::span(scores).subspan(begin, end - begin);
      const auto made = grpo_loss(own, batch.advantages[rollout], settings_.loss);
      const double share = grpo_share(static_cast<std::int64_t>(own.size()), all_choices,
                                      static_cast<std::int64_t>(batch.rollouts.size()), settings_.loss);
      loss += share * made.loss;
      sums.divergence += made.divergence;
      sums.clipped += made.clipped;
      for (std::size_t i = 0; i < own.size(); ++i) {
        add_slopes(row.choices[begin + i], numbers, settings_.temperature, scale * share * made.slopes[i], slopes);
      }
      begin = end;
    }
    sums.choices += static_cast<std::int64_t>(scores.size());
    nn::backward(target_log_p.mul(at::tensor(slopes)).sum());
    return loss;
  }

  // One step on the batch. False where the run is to stop.
  Result<bool> move(Batch &batch, std::int64_t at, bool first, const OnStep &on_step) {
    StepReport report;
    report.step = at + 1;
    report.steps = stepper_.steps();
    report.epoch = plan_[static_cast<std::size_t>(at / settings_.num_iterations)].epoch;
    report.samples = static_cast<std::int64_t>(batch.rollouts.size());
    std::int64_t all_choices = 0;
    for (const auto &row : batch.packed.rows) {
      all_choices += static_cast<std::int64_t>(row.choices.size());
      report.tokens += static_cast<std::int64_t>(row.row.tokens.size());
    }
    StepSums sums;
    const auto done = stepper_.step(report, [&](double scale) -> Status {
      for (std::size_t i = 0; i < batch.packed.rows.size(); ++i) {
        if (!batch.scores[i].empty()) {
          report.loss += descend(batch.packed.rows[i], batch.scores[i], batch, first, all_choices, scale, sums);
        }
      }
      return {};
    });
    if (!done) {
      return done.error();
    }
    const auto each = static_cast<double>(std::max<std::int64_t>(1, sums.choices));
    report.metrics = batch.metrics;
    report.metrics.insert(report.metrics.end(), {{"kl", sums.divergence / each},
                                                 {"entropy", sums.entropy / each},
                                                 {"clip_ratio", static_cast<double>(sums.clipped) / each}});
    if (first) {
      report.metrics.emplace_back("sampling_logp_difference", sums.mismatch / each);
    }
    result_.steps = report.step;
    result_.loss = report.loss;
    result_.metrics = report.metrics;
    return !on_step || on_step(report);
  }

  // Where a checkpoint was due at one of the steps that are just done.
  Status save(std::int64_t before, bool stop) {
    const auto last = before + settings_.num_iterations;
    bool due = stop;
    for (auto step = before + 1; step <= last; ++step) {
      due = due || stepper_.is_due(step, settings_.run.save_every);
    }
    auto saved = due ? stepper_.save_where_due(last, true) : Result<std::filesystem::path>(std::filesystem::path());
    if (!saved) {
      return saved.error();
    }
    result_.checkpoint = saved->empty() ? result_.checkpoint : *saved;
    return {};
  }

  nn::Model &model_;
  RolloutSource &source_;
  const GrpoSettings &settings_;
  Stepper stepper_;
  std::vector<PlannedStep> plan_;
  RunResult result_;
};

} // namespace

Result<RunResult> grpo(nn::Model &model, RolloutSource &source, const GrpoSettings &settings, const OnStep &on_step) {
  return Run(model, source, settings).run(on_step);
}

} // namespace yanxing::train
