#include "training/session.h"

#include "base/files.h"
#include "base/log.h"
#include "base/paths.h"
#include "llm/vocabulary.h"
#include "nn/adapter_gguf.h"
#include "nn/model.h"
#include "train/checkpoints.h"
#include "verb/parts.h"

#include <CLI/CLI.hpp>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <thread>

namespace yanxing::training {
using namespace verb;

namespace fs = std::filesystem;
namespace {

std::atomic<bool> interrupted{false}; // the one thing a signal handler may touch

Result<fs::path> model_path(const RunOptions &options) {
  std::error_code error;
  if (fs::exists(options.model, error)) {
    return fs::path(options.model);
  }
  if (!options.model.empty()) {
    return weights_file(options.model);
  }
  const auto configured = settings();
  if (!configured) {
    return configured.error();
  }
  if (!options.model_type.empty()) {
    const auto seeing = model_of_type(options.model_type, models_folder());
    if (!seeing) {
      return seeing.error();
    }
    if (*seeing) {
      return **seeing;
    }
    log_warning("no --model is named for --model_type " + options.model_type + ": training the light tier, " +
                configured->light);
  }
  return weights_file(configured->light);
}

// Where the model's tokens are: the file itself, or in its folder tokenizer.json or a GGUF file.
Result<fs::path> vocabulary_path(const RunOptions &options, const fs::path &model) {
  std::error_code error;
  if (!options.vocabulary.empty() || !fs::is_directory(model, error)) {
    return options.vocabulary.empty() ? model : fs::path(options.vocabulary);
  }
  if (fs::exists(model / "tokenizer.json", error)) {
    return model;
  }
  for (const auto &entry : fs::directory_iterator(model, error)) {
    if (entry.path().extension() == ".gguf") {
      return entry.path();
    }
  }
  return Error{model.string() + " holds no vocabulary (tokenizer.json or vocabulary.gguf)",
               "Give --vocabulary FILE.gguf, any GGUF file of the same model"};
}

Status save_arguments(const CLI::App &app, const fs::path &output) {
  Json arguments = Json::object();
  for (const auto *option : app.get_options()) {
    if (option->count() > 0) {
      const auto &values = option->results();
      arguments[option->get_single_name()] = values.size() == 1 ? Json(values.front()) : Json(values);
    }
  }
  return write_file(output / "args.json", arguments.dump(2) + "\n");
}

int threads_here(const train::ProcessGroup &processes) {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / processes.processes_here());
}

// The recipe's settings out of the options.
Status settle(RunOptions &options, const Tuning &tuning, const fs::path &file) {
  auto &recipe = options.recipe;
  recipe.output = options.output;
  recipe.base_model_name = file.string();
  recipe.batch =
      options.batch * (options.accumulation > 0 ? options.accumulation : std::max<std::int64_t>(1, 16 / options.batch));
  const auto schedule = nn::Schedule::shape_of(options.schedule);
  if (!schedule) {
    return schedule.error();
  }
  recipe.schedule = *schedule;
  recipe.optimizer = tuning.optimizer;
  recipe.optimizer.seed = recipe.seed;
  recipe.learning_rate = tuning.learning_rate;
  recipe.step_in_backward = tuning.step_in_backward;
  recipe.loss_scaling = tuning.loss_scaling;
  recipe.embedding_noise = tuning.embedding_noise;
  recipe.resume =
      options.resume == "last" ? train::Checkpoints::latest(recipe.output) : std::filesystem::path(options.resume);
  return {};
}

void tell_rows(const sample::Prepared &prepared) {
  std::int64_t computed = 0;
  for (const auto &row : prepared.rows) {
    computed += static_cast<std::int64_t>(row.tokens.size());
  }
  log_info(std::to_string(prepared.samples) + " samples, " + std::to_string(prepared.tokens) + " tokens, packed into " +
           std::to_string(prepared.rows.size()) + " rows of " + std::to_string(computed) + " tokens; left out: " +
           std::to_string(prepared.bad_rows) + " bad, " + std::to_string(prepared.too_long) + " too long");
}

void tell_trained(const nn::Model &model) {
  std::int64_t numbers = 0;
  const auto parameters = model.parameters();
  for (const auto &parameter : parameters) {
    numbers += parameter.tensor.numel();
  }
  log_info("training " + std::to_string(numbers) + " numbers in " + std::to_string(parameters.size()) + " tensors");
}

// Of several processes the first one speaks and writes; the others have no watch.
Status open_watch(const CLI::App &app, const RunOptions &options, const train::ProcessGroup &processes,
                  std::optional<train::Watch> &watch) {
  if (!processes.leads()) {
    set_log_level(LogLevel::kQuiet);
    return {};
  }
  auto opened = train::Watch::open(options.recipe.output, options.logging_steps, options.report_to == "tensorboard");
  if (!opened) {
    return opened.error();
  }
  watch = std::move(*opened);
  return save_arguments(app, options.recipe.output);
}

} // namespace

void add_run_options(CLI::App &app, RunOptions &options) {
  app.add_option("--model", options.model,
                 "GGUF file, Hugging Face folder, or a name from `yanxing models`; empty: the light tier");
  app.add_option("--model_type", options.model_type, "family, as older scripts name it; the checkpoint itself tells");
  app.add_option("--vocabulary", options.vocabulary, "GGUF file whose tokens the model has; empty: the model's own");
  app.add_option("--dataset", options.datasets, "FILE.jsonl, FILE.json or FILE#N; several are joined")->required();
  app.add_option("--val_dataset", options.validation_sets, "the same, for validation");
  add_tuning_options(app, options.tuning);
  app.add_option("--output_dir", options.output, "checkpoints, logging.jsonl, loss.svg, runs, args.json, adapter.gguf");
  app.add_option("--resume_from_checkpoint", options.resume, "go on bit for bit; 'last': the output folder's latest");
  app.add_option("--num_train_epochs", options.recipe.epochs, "passes over the data");
  app.add_option("--max_steps", options.recipe.max_steps, "stop after so many steps");
  app.add_option("--per_device_train_batch_size,--batch_size", options.batch, "samples of a batch");
  app.add_option("--gradient_accumulation_steps", options.accumulation, "batches a step; 0: 16 samples together");
  app.add_option("--lr_scheduler_type", options.schedule, "cosine, linear, constant");
  app.add_option("--warmup_ratio", options.recipe.warm_up, "share of the steps");
  app.add_option("--max_grad_norm", options.recipe.clip, "gradients are scaled down to it");
  app.add_option("--max_length", options.max_length, "tokens of a packed row; longer samples are left out");
  app.add_option("--packing", options.packing, "several samples a row");
  app.add_option("--share_prefixes", options.share_prefixes, "compute what samples begin with in common once");
  app.add_option("--split_dataset_ratio", options.validation, "share held back for validation")
      ->check(CLI::Range(0.0, 0.9));
  app.add_option("--eval_steps", options.recipe.evaluate_every, "steps between validations; 0: at the end");
  app.add_option("--save_steps", options.recipe.save_every, "steps between checkpoints; 0: at the end");
  app.add_option("--save_total_limit", options.recipe.keep, "checkpoints that stay");
  app.add_option("--logging_steps", options.logging_steps, "steps between lines where there is no terminal");
  app.add_option("--report_to", options.report_to, "tensorboard (files in the output folder's runs) or none")
      ->check(CLI::IsMember({"tensorboard", "none"}));
  app.add_option("--seed", options.recipe.seed, "");
  app.add_option("--threads", options.threads, "0: all cores");
  app.add_option("--strict", options.strict, "a bad row ends the run");
  app.add_option("--actions", options.actions, "actions of samples that name none");
  app.add_option("--freeze_llm", options.freeze_llm, "of a model that sees or hears: leave the decoder as it is");
  app.add_option("--freeze_vit", options.freeze_vit, "leave the towers that see and hear as they are");
  app.add_option("--freeze_aligner", options.freeze_aligner, "leave what fits their output to the decoder as it is");
  app.add_option("--max_pixels", options.pixels.most, "pictures are made smaller until they have no more pixels");
  app.add_option("--min_pixels", options.pixels.least, "and larger until they have no fewer");
}

Result<std::unique_ptr<Session>> Session::open(const CLI::App &app, RunOptions &options) {
  options.tuning.lora.parts = {!options.freeze_llm, !options.freeze_vit, !options.freeze_aligner};
  auto tuning = resolve(options.tuning);
  if (!tuning) {
    return tuning.error();
  }
  if (tuning->full && (options.freeze_llm || !options.freeze_vit || !options.freeze_aligner)) {
    return Error{"of a model that sees or hears, --tuner_type full trains the decoder and nothing else",
                 "Use --tuner_type lora for its other parts, or leave out the --freeze_ options"};
  }
  auto file = model_path(options);
  if (!file) {
    return file.error();
  }
  if (auto settled = settle(options, *tuning, *file); !settled) {
    return settled.error();
  }
  auto processes = train::ProcessGroup::join();
  if (!processes) {
    return processes.error();
  }
  auto media = SampleMedia::open(*file, options.pixels);
  if (!media) {
    return media.error();
  }
  std::unique_ptr<Session> session(
      new Session(options, std::move(*tuning), std::move(*file), std::move(*processes), std::move(*media)));
  if (auto opened = open_watch(app, options, session->processes_, session->watch_); !opened) {
    return opened.error();
  }
  options.recipe.processes = &session->processes_;
  return session;
}

Result<Rows> Session::rows(sample::Answers answers) const {
  const auto &options = options_;
  const auto file = vocabulary_path(options, file_);
  if (!file) {
    return file.error();
  }
  const auto vocabulary = llm::Vocabulary::open(*file);
  if (!vocabulary) {
    return vocabulary.error();
  }
  const auto registry = open_registry(options.actions);
  if (!registry) {
    return registry.error();
  }
  const auto repairer = open_repairer();
  if (!repairer) {
    return repairer.error();
  }
  const auto &words = **vocabulary;
  sample::Encoder encoder(
      {[&](std::string_view text, bool special) { return words.tokenize(text, special); }, words.end_of_turn()},
      repairer->get(), &*registry, media_.writer());
  sample::PrepareSettings preparing;
  preparing.answers = answers;
  preparing.packing.max_length = options.max_length;
  preparing.packing.share_prefixes = options.packing && options.share_prefixes;
  preparing.validation = options.validation;
  preparing.strict = options.strict;
  const auto bad = [](const Error &error) { log_warning(error.message()); };
  auto prepared = sample::prepare(options.datasets, encoder, preparing, bad, [](std::size_t samples) {
    log_info("read " + std::to_string(samples) + " samples");
  });
  if (!prepared) {
    return prepared.error();
  }
  Rows rows{std::move(*prepared), {}};
  rows.validation = std::move(rows.prepared.validation);
  if (options.validation > 0 && rows.validation.empty()) {
    return Error{"--split_dataset_ratio leaves nothing for validation: whole blocks of 64 samples are held back, and " +
                     std::to_string(rows.prepared.samples) + " samples are too few for one",
                 "Give more samples, a larger ratio, or --val_dataset FILE"};
  }
  if (!options.validation_sets.empty()) {
    preparing.validation = 0;
    auto held = sample::prepare(options.validation_sets, encoder, preparing, bad);
    if (!held) {
      return Error{"--val_dataset: " + held.error().what, held.error().hint};
    }
    rows.validation.insert(rows.validation.end(), std::make_move_iterator(held->rows.begin()),
                           std::make_move_iterator(held->rows.end()));
  }
  tell_rows(rows.prepared);
  return rows;
}

int Session::threads() const { return options_.threads > 0 ? options_.threads : threads_here(processes_); }

Result<std::unique_ptr<nn::Model>> Session::model() {
  nn::set_threads(threads());
  auto model = nn::Model::load(file_, tuning_.model);
  if (!model) {
    return model.error();
  }
  if (auto ready =
          make_trainable(**model, tuning_, options_.recipe.resume, options_.tuning.adapters, options_.recipe.seed);
      !ready) {
    return ready.error();
  }
  tell_trained(**model);
  media_.serve(**model);
  return model;
}

train::OnStep Session::on_step() {
  if (processes_.size() == 1) { // several would have to stop at the same step
    interrupted = false;
    std::signal(SIGINT, [](int) {
      interrupted = true;
      std::signal(SIGINT, SIG_DFL); // the second time ends it at once
    });
  }
  return [this](const train::StepReport &report) {
    if (watch_) {
      watch_->tell(report);
    }
    if (interrupted) {
      log_info("stopping after step " + std::to_string(report.step) + "; go on with --resume_from_checkpoint last");
    }
    return !interrupted;
  };
}

// What a run leaves for use: of an adapter over a GGUF file also llama.cpp's form of it.
Result<Json> Session::summarise(const train::RunResult &result) const {
  Json summary{{"steps", result.steps}, {"loss", result.loss}, {"checkpoint", result.checkpoint.string()}};
  for (const auto &[name, value] : result.metrics) {
    summary[name] = value;
  }
  if (result.validation_loss >= 0) {
    summary["eval_loss"] = result.validation_loss;
  }
  const auto base = nn::Checkpoint::open(file_);
  if (tuning_.full || !base || !base->is_gguf()) {
    return summary;
  }
  const auto trained = nn::read_adapter(result.checkpoint);
  if (trained && !trained->config.dora) {
    const auto used = options_.recipe.output / "adapter.gguf";
    if (auto written = nn::write_adapter_gguf(used, *trained, *base); !written) {
      return written.error();
    }
    summary["adapter"] = used.string();
  }
  return summary;
}

Result<Json> Session::close(const Result<train::RunResult> &result) {
  if (watch_) {
    if (auto drawn = watch_->finish(); !drawn) {
      log_warning(drawn.error().message());
    }
  }
  if (!result) {
    return result.error();
  }
  return leads() ? summarise(*result) : Result<Json>(Json());
}

Status Session::finish(const Result<train::RunResult> &result) {
  const auto summary = close(result);
  if (!summary) {
    return summary.error();
  }
  if (!summary->is_null()) {
    std::cout << dump(*summary) << "\n";
  }
  return {};
}

} // namespace yanxing::training
