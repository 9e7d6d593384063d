#include "training/gkd_run.h"

#include "base/log.h"
#include "nn/model.h"
#include "train/gkd.h"
#include "training/chosen_model.h"
#include "training/grpo_run.h"

#include <CLI/CLI.hpp>

namespace yanxing::training {
namespace {

Result<std::unique_ptr<nn::Model>> open_teacher(const GkdOptions &options) {
  if (options.teacher.empty()) {
    return Error{"gkd learns from a teacher", "Name it: --teacher_model qwen2.5-1.5b"};
  }
  const auto chosen = choose_model(options.teacher, options.teacher_adapters);
  if (!chosen) {
    return chosen.error();
  }
  auto teacher = nn::Model::load(chosen->model);
  if (!teacher) {
    return teacher.error();
  }
  if (auto loaded = chosen->adapter.empty() ? Status() : (*teacher)->load_adapter(chosen->adapter); !loaded) {
    return loaded.error();
  }
  return teacher;
}

} // namespace

void add_gkd_options(CLI::App &app, GkdOptions &options) {
  app.add_option("--teacher_model", options.teacher, "gkd: GGUF file, Hugging Face folder, or a name");
  app.add_option("--teacher_adapters", options.teacher_adapters, "gkd: the teacher's adapter");
  app.add_option("--lmbda", options.lmbda, "gkd: share of steps on answers that the student draws itself")
      ->check(CLI::Range(0.0, 1.0));
}

Status learn_from_teacher(const CLI::App &app, RunOptions &run, const GkdOptions &options) {
  if (options.beta < 0 || options.beta > 1) {
    return Error{"--beta must lie between 0 and 1 for --rlhf_type gkd", "Leave it out for 0.5"};
  }
  if (run.tuning.tuner == "full" || !run.tuning.use_lora) {
    return Error{"gkd trains an adapter", "Leave out --tuner_type full"};
  }
  const auto session = Session::open(app, run);
  if (!session) {
    return session.error();
  }
  const auto rows = (*session)->rows(sample::Answers::kLearned);
  if (!rows) {
    return rows.error();
  }
  const auto teacher = open_teacher(options);
  if (!teacher) {
    return teacher.error();
  }
  std::unique_ptr<TryingGround> ground;
  if (options.lmbda > 0) {
    DecisionRolloutSettings drawing;
    drawing.drawing.temperature = options.temperature;
    drawing.drawing.most = options.top_k;
    auto opened = open_trying_ground(**session, run, {}, drawing);
    if (!opened) {
      return Error{opened.error().what, opened.error().hint + "; --lmbda 0 learns from the data sets' answers alone"};
    }
    ground = std::move(*opened);
  }
  const auto model = (*session)->model();
  if (!model) {
    return model.error();
  }
  train::GkdSettings settings;
  settings.run = (*session)->settings();
  settings.beta = options.beta;
  settings.lmbda = options.lmbda;
  settings.temperature = options.temperature;
  settings.max_length = run.max_length;
  return (*session)->finish(train::gkd(**model, **teacher, rows->prepared.rows,
                                       ground ? ground->rollouts.get() : nullptr, settings, (*session)->on_step()));
}

} // namespace yanxing::training
