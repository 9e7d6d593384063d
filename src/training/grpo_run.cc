#include "training/grpo_run.h"

#include "base/log.h"
#include "nn/model.h"
#include "train/grpo.h"
#include "verb/parts.h"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace yanxing::training {
namespace {

// The recipe with the functions that --reward_funcs names; weights are 1 where there are none.
Result<Json> recipe_of(const GrpoOptions &options) {
  Json recipe = Json::object();
  if (!options.reward.empty()) {
    auto given =
        options.reward.front() == '{' ? parse_json(options.reward, "--reward") : read_json_file(options.reward);
    if (!given) {
      return given.error();
    }
    recipe = std::move(*given);
  }
  if (!options.reward_weights.empty() && options.reward_weights.size() != options.reward_funcs.size()) {
    return Error{"--reward_weights names " + std::to_string(options.reward_weights.size()) + " numbers for " +
                     std::to_string(options.reward_funcs.size()) + " --reward_funcs",
                 ""};
  }
  if (!options.reward_funcs.empty() && !recipe.is_object()) {
    return Error{"--reward must be an object to go with --reward_funcs", ""};
  }
  for (std::size_t i = 0; i < options.reward_funcs.size(); ++i) {
    recipe[options.reward_funcs[i]] = options.reward_weights.empty() ? 1.0 : options.reward_weights[i];
  }
  return recipe;
}

Result<train::GrpoSettings> settings_of(const GrpoOptions &options, const RunOptions &run) {
  const auto kind = train::grpo_kind_of(options.loss_type.empty() ? "grpo" : options.loss_type);
  if (!kind) {
    return kind.error();
  }
  const auto scale = train::reward_scale_of(options.scale_rewards);
  if (!scale) {
    return scale.error();
  }
  train::GrpoSettings settings;
  settings.run = run.recipe;
  settings.loss = {*kind,
                   options.epsilon,
                   options.epsilon_high.value_or(options.epsilon),
                   options.delta,
                   options.beta.value_or(0.04),
                   options.importance_sampling_level == "sequence",
                   options.max_completion_length};
  settings.num_generations = options.num_generations;
  settings.num_iterations = options.num_iterations;
  settings.scale = *scale;
  settings.dynamic_sample = options.dynamic_sample;
  settings.max_resample_times = options.max_resample_times;
  settings.overlong_filter = options.overlong_filter;
  settings.temperature = options.temperature;
  settings.max_length = run.max_length;
  return settings;
}

} // namespace

Result<std::unique_ptr<TryingGround>> open_trying_ground(const Session &session, const RunOptions &run,
                                                         eval::Rewards rewards,
                                                         const DecisionRolloutSettings &settings) {
  auto engine = LiveEngine::open(session.model_file(), session.threads(), static_cast<int>(run.max_length) + 512);
  if (!engine) {
    return engine.error();
  }
  auto ground = std::make_unique<TryingGround>();
  auto registry = verb::open_registry(run.actions);
  if (!registry) {
    return registry.error();
  }
  ground->registry = std::move(*registry);
  auto repairer = verb::open_repairer();
  if (!repairer) {
    return repairer.error();
  }
  ground->repairer = std::move(*repairer);
  auto rollouts = DecisionRollouts::open(run.datasets, std::move(*engine), std::move(rewards), &ground->registry,
                                         ground->repairer.get(), settings,
                                         [](const Error &error) { log_warning(error.message()); });
  if (!rollouts) {
    return rollouts.error();
  }
  ground->rollouts = std::move(*rollouts);
  return ground;
}

void add_grpo_options(CLI::App &app, GrpoOptions &options) {
  const auto share = CLI::Range(0.0, 1000.0);
  app.add_option("--num_generations", options.num_generations, "grpo: completions of a prompt that are compared");
  app.add_option("--num_iterations", options.num_iterations, "grpo: steps made of the same completions");
  app.add_option("--epsilon", options.epsilon, "grpo: how far a ratio may go below 1")->check(share);
  app.add_option("--epsilon_high", options.epsilon_high,
                 "grpo: and above 1; empty: --epsilon; cispo: the largest ratio")
      ->check(share);
  app.add_option("--delta", options.delta, "grpo: bound of the ratio for bad completions; 0: none")->check(share);
  app.add_option("--importance_sampling_level", options.importance_sampling_level, "grpo: token, or sequence (GSPO)")
      ->check(CLI::IsMember({"token", "sequence"}));
  app.add_option("--scale_rewards", options.scale_rewards, "grpo: by the deviation of: group, batch, none");
  app.add_option("--dynamic_sample", options.dynamic_sample, "grpo: other prompts where all rewards are alike");
  app.add_option("--max_resample_times", options.max_resample_times, "grpo: how often a step looks for them")
      ->check(CLI::Range(0, 100));
  app.add_option("--overlong_filter", options.overlong_filter, "grpo: completions at the limit teach nothing");
  app.add_option("--temperature", options.temperature, "grpo, gkd: of drawing")->check(CLI::Range(0.01, 100.0));
  app.add_option("--top_k", options.top_k, "grpo, gkd: candidates of free text")->check(CLI::Range(1, 200));
  app.add_option("--max_completion_length", options.max_completion_length, "grpo: tokens; longer ones are broken off")
      ->check(CLI::Range(1, 100000));
  app.add_option(
      "--reward", options.reward,
      R"(grpo: recipe, a file or JSON: {"success":1,"wrong_action":-5,"ask":-0.1,"abstain":0,"format":0.2})");
  app.add_option("--reward_funcs", options.reward_funcs, "grpo: functions beside the outcome: format, arguments, …");
  app.add_option("--reward_weights", options.reward_weights, "grpo: one for each of --reward_funcs");
}

Status learn_by_trying(const CLI::App &app, RunOptions &run, const GrpoOptions &options) {
  const auto recipe = recipe_of(options);
  if (!recipe) {
    return recipe.error();
  }
  auto rewards = eval::Rewards::from_json(*recipe, options.reward.empty() ? "--reward_funcs" : "--reward");
  if (!rewards) {
    return rewards.error();
  }
  if (run.tuning.tuner == "full" || !run.tuning.use_lora) {
    return Error{"grpo trains an adapter, with which llama.cpp draws completions", "Leave out --tuner_type full"};
  }
  const auto session = Session::open(app, run);
  if (!session) {
    return session.error();
  }
  const auto settings = settings_of(options, run);
  if (!settings) {
    return settings.error();
  }
  DecisionRolloutSettings drawing;
  drawing.drawing.temperature = options.temperature;
  drawing.drawing.most = options.top_k;
  drawing.longest = options.max_completion_length;
  const auto ground = open_trying_ground(**session, run, std::move(*rewards), drawing);
  if (!ground) {
    return ground.error();
  }
  log_info(std::to_string((*ground)->rollouts->prompts()) + " prompts, " + std::to_string(options.num_generations) +
           " completions of each");
  const auto model = (*session)->model();
  if (!model) {
    return model.error();
  }
  return (*session)->finish(train::grpo(**model, *(*ground)->rollouts, *settings, (*session)->on_step()));
}

} // namespace yanxing::training
