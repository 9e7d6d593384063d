#include "train/sft.h"
#include "base/files.h"
#include "base/log.h"
#include "base/paths.h"
#include "llm/vocabulary.h"
#include "nn/adapter_gguf.h"
#include "nn/model.h"
#include "sample/prepare.h"
#include "train/checkpoints.h"
#include "train/watch.h"
#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <iostream>
#include <thread>

namespace yanxing::training {
using namespace verb;

namespace fs = std::filesystem;
namespace {

// ms-swift's names and defaults (version 4), with the older spellings beside them.
struct SftOptions {
  std::string model;
  std::string model_type;
  std::vector<std::string> datasets;
  std::string tuner = "lora";
  bool use_lora = true;
  nn::LoraConfig lora{8, 32.0F, 0.05F, false, false, {"all-linear"}};
  std::string adapters;
  std::string output = "output";
  std::string resume;
  std::string schedule = "cosine";
  double validation = 0;
  std::int64_t batch = 1;
  std::int64_t accumulation = 0; // 0: 16 samples a step together
  std::int64_t max_length = 2048;
  std::int64_t logging_steps = 5;
  std::string report_to = "tensorboard";
  int threads = 0;
  bool packing = true;
  bool share_prefixes = true;
  bool checkpointing = true;
  bool strict = false;
  std::string actions;
  train::SftSettings recipe;
};

void define(CLI::App &app, SftOptions &options) {
  app.add_option("--model", options.model, "GGUF file, or a name from `yanxing models`; empty: the light tier");
  app.add_option("--model_type", options.model_type, "family, as older scripts name it; the checkpoint itself tells");
  app.add_option("--dataset", options.datasets, "FILE.jsonl, FILE.json or FILE#N; several are joined")->required();
  app.add_option("--tuner_type,--train_type", options.tuner, "lora")->check(CLI::IsMember({"lora"}));
  app.add_option("--use_lora", options.use_lora, "older spelling of --tuner_type lora");
  app.add_option("--lora_rank", options.lora.rank, "rank of the adapter")->check(CLI::Range(1, 4096));
  app.add_option("--lora_alpha", options.lora.alpha, "its scale times the rank");
  app.add_option("--lora_dropout", options.lora.dropout, "share of its inputs that is dropped")
      ->check(CLI::Range(0.0, 0.99));
  app.add_option("--target_modules", options.lora.targets, "endings of layer names, or all-linear")->delimiter(',');
  app.add_option("--use_rslora", options.lora.rslora, "scale by alpha / sqrt(rank)");
  app.add_option("--use_dora", options.lora.dora, "with a trained magnitude of each output");
  app.add_option("--adapters", options.adapters, "start from this adapter (PEFT folder)");
  app.add_option("--output_dir", options.output, "checkpoints, logging.jsonl, loss.svg, runs, args.json, adapter.gguf");
  app.add_option("--resume_from_checkpoint", options.resume, "go on bit for bit; 'last': the output folder's latest");
  app.add_option("--num_train_epochs", options.recipe.epochs, "passes over the data");
  app.add_option("--max_steps", options.recipe.max_steps, "stop after so many steps");
  app.add_option("--per_device_train_batch_size,--batch_size", options.batch, "samples of a batch");
  app.add_option("--gradient_accumulation_steps", options.accumulation, "batches a step; 0: 16 samples together");
  app.add_option("--learning_rate", options.recipe.learning_rate, "at its peak");
  app.add_option("--lr_scheduler_type", options.schedule, "cosine, linear, constant");
  app.add_option("--warmup_ratio", options.recipe.warm_up, "share of the steps");
  app.add_option("--weight_decay", options.recipe.adamw.weight_decay, "");
  app.add_option("--adam_beta2", options.recipe.adamw.beta2, "");
  app.add_option("--max_grad_norm", options.recipe.clip, "gradients are scaled down to it");
  app.add_option("--max_length", options.max_length, "tokens of a packed row; longer samples are left out");
  app.add_option("--packing", options.packing, "several samples a row");
  app.add_option("--share_prefixes", options.share_prefixes, "compute what samples begin with in common once");
  app.add_option("--gradient_checkpointing", options.checkpointing, "recompute layers instead of keeping them");
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
}

Result<fs::path> model_path(const SftOptions &options) {
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
    log_warning("no --model is named for --model_type " + options.model_type + ": training the light tier, " +
                configured->light);
  }
  return weights_file(configured->light);
}

Result<sample::Prepared> prepare_rows(const SftOptions &options, const fs::path &model) {
  const auto vocabulary = llm::Vocabulary::open(model);
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
      repairer->get(), &*registry);
  sample::PrepareSettings preparing;
  preparing.packing.max_length = options.max_length;
  preparing.packing.share_prefixes = options.packing && options.share_prefixes;
  preparing.validation = options.validation;
  preparing.strict = options.strict;
  return sample::prepare(
      options.datasets, encoder, preparing, [](const Error &error) { log_warning(error.message()); },
      [](std::size_t samples) { log_info("read " + std::to_string(samples) + " samples"); });
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

Status run(const CLI::App &app, SftOptions &options) {
  if (!options.use_lora) {
    return Error{"full fine-tuning is not built yet", "Use --tuner_type lora"};
  }
  const auto file = model_path(options);
  if (!file) {
    return file.error();
  }
  auto &recipe = options.recipe;
  recipe.output = options.output;
  recipe.base_model_name = file->string();
  recipe.batch =
      options.batch * (options.accumulation > 0 ? options.accumulation : std::max<std::int64_t>(1, 16 / options.batch));
  const auto schedule = nn::Schedule::shape_of(options.schedule);
  if (!schedule) {
    return schedule.error();
  }
  recipe.schedule = *schedule;
  auto processes = train::ProcessGroup::join();
  if (!processes) {
    return processes.error();
  }
  recipe.processes = &*processes;
  const bool leads = processes->leads();
  if (!leads) {
    set_log_level(LogLevel::kQuiet);
  }
  std::optional<train::Watch> watch; // of several processes the first one speaks and writes
  if (leads) {
    auto opened = train::Watch::open(recipe.output, options.logging_steps, options.report_to == "tensorboard");
    if (!opened) {
      return opened.error();
    }
    watch = std::move(*opened);
    if (auto saved = save_arguments(app, recipe.output); !saved) {
      return saved;
    }
  }
  const auto prepared = prepare_rows(options, *file);
  if (!prepared) {
    return prepared.error();
  }
  std::int64_t computed = 0;
  for (const auto &row : prepared->rows) {
    computed += static_cast<std::int64_t>(row.tokens.size());
  }
  log_info(std::to_string(prepared->samples) + " samples, " + std::to_string(prepared->tokens) +
           " tokens, packed into " + std::to_string(prepared->rows.size()) + " rows of " + std::to_string(computed) +
           " tokens; left out: " + std::to_string(prepared->bad_rows) + " bad, " + std::to_string(prepared->too_long) +
           " too long");
  nn::set_threads(options.threads > 0 ? options.threads : threads_here(*processes));
  auto model = nn::Model::load(*file);
  if (!model) {
    return model.error();
  }
  if (options.resume == "last") {
    recipe.resume = train::Checkpoints::latest(recipe.output);
  } else {
    recipe.resume = options.resume;
  }
  const auto adapter = recipe.resume.empty() ? fs::path(options.adapters) : recipe.resume;
  if (auto ready = adapter.empty() ? (*model)->add_lora(options.lora, recipe.seed) : (*model)->load_adapter(adapter);
      !ready) {
    return ready;
  }
  (*model)->recompute_layers(options.checkpointing);
  const auto result = train::sft(**model, prepared->rows, prepared->validation, recipe, [&](const auto &report) {
    if (watch) {
      watch->tell(report);
    }
    return true;
  });
  if (watch) {
    if (auto drawn = watch->finish(); !drawn) {
      log_warning(drawn.error().message());
    }
  }
  if (!result) {
    return result.error();
  }
  if (!leads) {
    return {};
  }
  Json summary{{"steps", result->steps}, {"loss", result->loss}, {"checkpoint", result->checkpoint.string()}};
  if (result->validation_loss >= 0) {
    summary["eval_loss"] = result->validation_loss;
  }
  const auto base = nn::Checkpoint::open(*file);
  const auto trained = nn::read_adapter(result->checkpoint);
  if (base && base->is_gguf() && trained && !trained->config.dora) {
    const auto used = recipe.output / "adapter.gguf";
    if (auto written = nn::write_adapter_gguf(used, *trained, *base); !written) {
      return written;
    }
    summary["adapter"] = used.string();
  }
  std::cout << dump(summary) << "\n";
  return {};
}

} // namespace

Verb make_sft_training_verb() {
  return {"sft",
          "teach a model from samples: what was said, what was on the screen, the right action",
          "  yanxing sft --dataset commands.jsonl --output_dir output/agent\n"
          "  yanxing sft --model qwen2.5-0.5b --dataset a.jsonl b.jsonl#500 --lora_rank 16 --learning_rate 2e-4\n"
          "  yanxing sft --dataset commands.jsonl --output_dir output/agent --resume_from_checkpoint last\n"
          "  yanxing sft run.yaml --max_steps 10\n"
          "  yanxing eval --dataset held_out.jsonl --adapter output/agent/adapter.gguf",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<SftOptions>();
            define(app, *options);
            return [options, &app]() -> Status { return run(app, *options); };
          },
          "",
          true};
}

} // namespace yanxing::training
