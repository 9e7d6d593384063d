#include "train/sft.h"
#include "nn/model.h"
#include "training/session.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

namespace yanxing::training {
using namespace verb;

namespace {

Status run(const CLI::App &app, RunOptions &options) {
  const auto session = Session::open(app, options);
  if (!session) {
    return session.error();
  }
  const auto rows = (*session)->rows(sample::Answers::kLearned);
  if (!rows) {
    return rows.error();
  }
  const auto model = (*session)->model();
  if (!model) {
    return model.error();
  }
  return (*session)->finish(
      train::sft(**model, rows->prepared.rows, rows->validation, (*session)->settings(), (*session)->on_step()));
}

} // namespace

Verb make_sft_training_verb() {
  return {"sft",
          "teach a model from samples: what was said, what was on the screen, the right action",
          "  yanxing sft --dataset commands.jsonl --output_dir output/agent\n"
          "  yanxing sft --model qwen2.5-0.5b --dataset a.jsonl b.jsonl#500 --lora_rank 16 --learning_rate 2e-4\n"
          "  yanxing sft --dataset commands.jsonl --output_dir output/agent --resume_from_checkpoint last\n"
          "  yanxing sft --dataset a.jsonl --tuner_type full --optim adamw_8bit --freeze_parameters_ratio 0.5\n"
          "  yanxing sft --dataset a.jsonl --model DIR --quant_method bnb --quant_bits 4   # QLoRA, NF4\n"
          "  yanxing sft --dataset a.jsonl --model DIR --tuner_type full --torch_dtype bfloat16 --use_galore true\n"
          "  yanxing sft run.yaml --max_steps 10\n"
          "  yanxing eval --dataset held_out.jsonl --adapter output/agent/adapter.gguf",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<RunOptions>();
            add_run_options(app, *options);
            return [options, &app]() -> Status { return run(app, *options); };
          },
          "",
          true};
}

} // namespace yanxing::training
