// What a run would take, before it is started and before a weight is read.
#include "base/paths.h"
#include "nn/checkpoint.h"
#include "nn/memory_plan.h"
#include "training/tuning_options.h"
#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <array>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>

namespace yanxing::training {
using namespace verb;

namespace fs = std::filesystem;
namespace {

struct MemoryOptions {
  std::string model;
  TuningOptions tuning;
  std::int64_t max_length = 2048;
  std::int64_t supervised = 0;
  bool json = false;
};

// A file or folder; else a description that comes with yanxing; else a name of the catalog.
Result<fs::path> described(const std::string &model) {
  std::error_code error;
  if (fs::exists(model, error)) {
    return fs::path(model);
  }
  const auto known = share_folder() / "assets" / "configs" / (model + ".json");
  return fs::exists(known, error) ? Result<fs::path>(known) : weights_file(model);
}

Result<nn::MemoryPlan> plan(const MemoryOptions &options) {
  const auto tuning = resolve(options.tuning);
  if (!tuning) {
    return tuning.error();
  }
  const auto path = described(options.model);
  if (!path) {
    return path.error();
  }
  nn::MemoryQuestion question;
  auto config = nn::read_description(*path, question.stored_bytes);
  if (!config) {
    return config.error();
  }
  question.config = std::move(*config);
  if (path->extension() == ".gguf") { // what it takes depends on each tensor's own blocks
    const auto checkpoint = nn::Checkpoint::open(*path);
    if (!checkpoint) {
      return checkpoint.error();
    }
    question.stored = [file = *checkpoint](const std::string &name) {
      const auto stored = file.find(name);
      return stored ? static_cast<std::int64_t>(stored->bytes.size()) : 0;
    };
  }
  question.full = tuning->full;
  question.lora = tuning->lora;
  question.trainable = tuning->trainable;
  question.model = tuning->model;
  question.optimizer = tuning->optimizer;
  question.recompute = tuning->checkpointing;
  question.step_in_backward = tuning->step_in_backward;
  question.tokens = options.max_length;
  question.supervised = options.supervised > 0 ? options.supervised : options.max_length / 4;
  return nn::plan_memory(question);
}

constexpr double kGib = 1024.0 * 1024.0 * 1024.0;

void print_table(const nn::MemoryPlan &plan) {
  const std::array<std::pair<const char *, std::int64_t>, 8> lines = {{{"frozen weights", plan.frozen_weights},
                                                                       {"trained weights", plan.trained_weights},
                                                                       {"gradients", plan.gradients},
                                                                       {"optimizer", plan.optimizer},
                                                                       {"activations kept", plan.kept_activations},
                                                                       {"at work", plan.working},
                                                                       {"program", plan.program},
                                                                       {"together", plan.total()}}};
  std::printf("%.3f billion numbers, %.3f million of them or beside them trained; computed, not measured:\n",
              static_cast<double>(plan.numbers) / 1e9, static_cast<double>(plan.trained) / 1e6);
  for (const auto &[name, bytes] : lines) {
    std::printf("  %-18s %8.3f GiB\n", name, static_cast<double>(bytes) / kGib);
  }
}

Json json_of(const nn::MemoryPlan &plan) {
  return {{"computed", true},
          {"numbers", plan.numbers},
          {"trained", plan.trained},
          {"bytes",
           {{"frozen_weights", plan.frozen_weights},
            {"trained_weights", plan.trained_weights},
            {"gradients", plan.gradients},
            {"optimizer", plan.optimizer},
            {"kept_activations", plan.kept_activations},
            {"working", plan.working},
            {"program", plan.program},
            {"total", plan.total()}}}};
}

} // namespace

Verb make_memory_training_verb() {
  return {"memory", "say how much memory a training run would take, from the model's description alone",
          "  yanxing memory --model qwen2.5-7b --quant_method bnb --quant_bits 4 --max_length 2048\n"
          "  yanxing memory --model qwen2.5-7b --tuner_type full --torch_dtype bfloat16 --use_galore true\n"
          "  yanxing memory --model DIR/config.json --tuner_type full --optim adamw_8bit --json",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<MemoryOptions>();
            app.add_option("--model", options->model,
                           "config.json, Hugging Face folder, GGUF file, or a name: qwen2.5-7b, those of the catalog")
                ->required();
            add_tuning_options(app, options->tuning);
            app.add_option("--max_length", options->max_length, "tokens of a row")->check(CLI::Range(1, 10000000));
            app.add_option("--supervised_tokens", options->supervised, "of them; 0: a quarter");
            add_json_option(app, options->json);
            return [options]() -> Status {
              const auto planned = plan(*options);
              if (!planned) {
                return planned.error();
              }
              if (options->json) {
                print_json(json_of(*planned));
              } else {
                print_table(*planned);
              }
              return {};
            };
          },
          ""};
}

} // namespace yanxing::training
