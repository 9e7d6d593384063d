#include "train/gkd.h"

#include "train/choice_rows.h"
#include "train/losses/gkd.h"
#include "train/plan.h"
#include "train/stepper.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <random>

namespace yanxing::train {
namespace {

std::span<float> numbers_of(at::Tensor &tensor) {
  return {tensor.mutable_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

class Run {
public:
  Run(nn::Model &student, const nn::Model &teacher, const std::vector<pack::PackedRow> &rows, RolloutSource *source,
      const GkdSettings &settings)
      : student_(student), teacher_(teacher), rows_(rows), source_(source), settings_(settings),
        stepper_(student, settings.run) {}

  Result<RunResult> run(const OnStep &on_step) {
    if (auto ready = prepare(); !ready) {
      return ready.error();
    }
    RunResult result;
    for (auto at = stepper_.first(); at < stepper_.steps(); ++at) {
      StepReport report;
      report.step = at + 1;
      report.steps = stepper_.steps();
      report.epoch = plan_[static_cast<std::size_t>(at)].epoch;
      const bool own = draws_itself(at);
      if (auto done = own ? on_own_answers(at, report) : on_given_answers(at, report); !done) {
        return done.error();
      }
      report.metrics = {{"jsd", report.loss}, {"on_policy", own ? 1.0 : 0.0}};
      result.steps = report.step;
      result.loss = report.loss;
      result.metrics = report.metrics;
      const bool stop = on_step && !on_step(report);
      auto saved = stepper_.save_where_due(report.step, stop);
      if (!saved) {
        return saved.error();
      }
      result.checkpoint = saved->empty() ? result.checkpoint : *saved;
      if (stop) {
        break;
      }
    }
    return result;
  }

private:
  Status prepare() {
    if (stepper_.processes().size() > 1) {
      return Error{"distillation runs in one process", "Start it without torchrun"};
    }
    if (!student_.has_adapter()) {
      return Error{"distillation trains an adapter", "Leave out --tuner_type full"};
    }
    if (student_.config().vocabulary != teacher_.config().vocabulary) {
      return Error{"the teacher has " + std::to_string(teacher_.config().vocabulary) + " tokens and the student " +
                       std::to_string(student_.config().vocabulary),
                   "Give a --teacher_model of the same family, or let it label: 'yanxing sample', then 'yanxing sft'"};
    }
    plan_ = plan_steps(rows_, settings_.run.epochs, settings_.run.batch, settings_.run.max_steps, settings_.run.seed);
    if (plan_.empty()) {
      return Error{"there is nothing to train on", "Give a --dataset with at least one sample that fits --max_length"};
    }
    return stepper_.begin(static_cast<std::int64_t>(plan_.size()));
  }

  // The same for the same step, whether or not the run was broken off before.
  [[nodiscard]] bool draws_itself(std::int64_t at) const {
    std::mt19937_64 random(settings_.run.seed * 1000003U + static_cast<std::uint64_t>(at));
    return source_ != nullptr && static_cast<double>(random() >> 11U) * 0x1p-53 < settings_.lmbda;
  }

  // Adds the row's gradients and returns the sum of its targets' divergences.
  double descend(const pack::PackedRow &row, const nn::Pass &pass, double share) {
    at::Tensor wanted;
    {
      const at::NoGradGuard no_gradient;
      wanted = teacher_.target_states(row);
    }
    const auto made = student_.logit_loss(student_.target_states(row, pass), [&](std::int64_t first, at::Tensor &own) {
      const auto count = own.size(0);
      auto teachers = teacher_.logits_of(wanted.narrow(0, first, count));
      double sum = 0;
      for (std::int64_t i = 0; i < count; ++i) {
        auto student = own[i];
        auto teacher = teachers[i];
        const auto logits = numbers_of(student);
        sum += generalized_jsd(logits, numbers_of(teacher), settings_.beta, logits);
      }
      return sum;
    });
    nn::backward(made.descent.mul(share));
    return made.sum;
  }

  Status on_given_answers(std::int64_t at, StepReport &report) {
    const auto &planned = plan_[static_cast<std::size_t>(at)];
    double targets = 0;
    for (const auto index : planned.rows) {
      targets += static_cast<double>(rows_[index].targets.size());
      report.tokens += static_cast<std::int64_t>(rows_[index].tokens.size());
      report.samples += static_cast<std::int64_t>(rows_[index].samples.size());
    }
    return stepper_.step(report, [&](double scale) -> Status {
      for (const auto index : planned.rows) {
        nn::Pass pass;
        pass.training = true;
        pass.dropout_seed = settings_.run.seed + static_cast<std::uint64_t>(report.step) * 1000003U + index;
        report.loss += descend(rows_[index], pass, scale / targets) / targets;
      }
      return {};
    });
  }

  // Prompts of their own, as many as the step has samples.
  Status on_own_answers(std::int64_t at, StepReport &report) {
    std::size_t samples = 0;
    for (const auto index : plan_[static_cast<std::size_t>(at)].rows) {
      samples += rows_[index].samples.size();
    }
    std::mt19937_64 random(settings_.run.seed * 7919U + static_cast<std::uint64_t>(at));
    std::vector<std::size_t> prompts(std::max<std::size_t>(1, samples));
    for (auto &prompt : prompts) {
      prompt = random() % source_->prompts();
    }
    std::sort(prompts.begin(), prompts.end()); // those of one world follow each other
    const auto rollouts = source_->collect(student_, prompts, 1, random());
    if (!rollouts) {
      return rollouts.error();
    }
    const auto packed = pack_choices(*rollouts, settings_.max_length);
    double choices = 0;
    for (const auto &row : packed.rows) {
      choices += static_cast<double>(row.choices.size());
      report.tokens += static_cast<std::int64_t>(row.row.tokens.size());
    }
    report.samples = static_cast<std::int64_t>(rollouts->size());
    return stepper_.step(report, [&](double scale) -> Status {
      for (const auto &row : packed.rows) {
        if (!row.choices.empty()) {
          report.loss += descend(row, scale / choices) / choices;
        }
      }
      return {};
    });
  }

  // Over the candidates of each choice: their common normaliser cancels.
  double descend(const ChoiceRow &row, double share) {
    at::Tensor wanted;
    {
      const at::NoGradGuard no_gradient;
      wanted = teacher_.log_probabilities(row.row).contiguous();
    }
    const auto own = student_.log_probabilities(row.row);
    auto detached = own.detach().clone();
    const auto student = numbers_of(detached);
    const auto teacher = numbers_of(wanted);
    std::vector<float> slopes(student.size(), 0.0F);
    double sum = 0;
    for (const auto &placed : row.choices) {
      const auto &candidates = placed.choice->candidates;
      const auto at = placed.first_target;
      std::vector<float> students;
      std::vector<float> teachers;
      for (std::size_t i = 0; i < candidates.size(); ++i) {
        const auto tempered = [&](float log_p) {
          return static_cast<float>((log_p + candidates[i].bias) / settings_.temperature);
        };
        students.push_back(tempered(student[at + i]));
        teachers.push_back(tempered(teacher[at + i]));
      }
      sum += generalized_jsd(students, teachers, settings_.beta, students);
      for (std::size_t i = 0; i < candidates.size(); ++i) {
        slopes[at + i] += static_cast<float>(share / settings_.temperature) * students[i];
      }
    }
    nn::backward(own.mul(at::tensor(slopes)).sum());
    return sum;
  }

  nn::Model &student_;
  const nn::Model &teacher_;
  const std::vector<pack::PackedRow> &rows_;
  RolloutSource *source_;
  const GkdSettings &settings_;
  Stepper stepper_;
  std::vector<PlannedStep> plan_;
};

} // namespace

Result<RunResult> gkd(nn::Model &student, const nn::Model &teacher, const std::vector<pack::PackedRow> &rows,
                      RolloutSource *source, const GkdSettings &settings, const OnStep &on_step) {
  return Run(student, teacher, rows, source, settings).run(on_step);
}

} // namespace yanxing::train
