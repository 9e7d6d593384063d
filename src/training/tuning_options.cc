#include "training/tuning_options.h"

#include "base/log.h"

#include <CLI/CLI.hpp>

namespace yanxing::training {
namespace {

constexpr float kAdapterRate = 1e-4F;
constexpr float kWholeRate = 1e-5F;

void add_tuner_options(CLI::App &app, TuningOptions &options) {
  app.add_option("--tuner_type,--train_type", options.tuner, "lora, or full: the weights themselves")
      ->check(CLI::IsMember({"lora", "full"}));
  app.add_option("--use_lora", options.use_lora, "older spelling of --tuner_type");
  app.add_option("--lora_rank", options.lora.rank, "rank of the adapter")->check(CLI::Range(1, 4096));
  app.add_option("--lora_alpha", options.lora.alpha, "its scale times the rank");
  app.add_option("--lora_dropout", options.lora.dropout, "share of its inputs that is dropped")
      ->check(CLI::Range(0.0, 0.99));
  app.add_option("--target_modules", options.lora.targets, "endings of layer names, or all-linear")->delimiter(',');
  app.add_option("--use_rslora", options.lora.rslora, "scale by alpha / sqrt(rank)");
  app.add_option("--use_dora", options.lora.dora, "with a trained magnitude of each output");
  app.add_option("--lorap_lr_ratio", options.optimizer.lora_b_rate, "LoRA+: B learns so many times faster than A")
      ->check(CLI::Range(0.01, 1000.0));
  app.add_option("--adapters", options.adapters, "start from this adapter: PEFT's folder, or an adapter.gguf");
  app.add_option("--freeze_parameters", options.trainable.frozen, "full: beginnings of names that stay as they are")
      ->delimiter(',');
  app.add_option("--freeze_parameters_regex", options.trainable.frozen_pattern, "full: names with this stay");
  app.add_option("--freeze_parameters_ratio", options.trainable.frozen_ratio,
                 "full: share of the numbers, from the embedding on, that stays")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--trainable_parameters", options.trainable.trainable,
                 "full: beginnings of names trained all the same")
      ->delimiter(',');
  app.add_option("--neftune_noise_alpha", options.embedding_noise, "noise on embeddings while training; 0: none")
      ->check(CLI::Range(0.0, 1000.0));
}

void add_optimizer_options(CLI::App &app, TuningOptions &options) {
  std::string known;
  for (const auto &kind : nn::all_optimizers()) {
    known += (known.empty() ? "" : ", ") + kind.names.front();
  }
  app.add_option("--optim", options.optimizer.name, known + "; galore_ before one for --use_galore");
  app.add_option("--learning_rate", options.learning_rate, "at its peak; 0: 1e-4, or 1e-5 where --tuner_type is full");
  app.add_option("--weight_decay", options.optimizer.weight_decay, "of matrices, a step, times the learning rate");
  app.add_option("--adam_beta1", options.optimizer.beta1, "memory of the first moment");
  app.add_option("--adam_beta2", options.optimizer.beta2, "memory of the second moment");
  app.add_option("--adam_epsilon", options.optimizer.epsilon, "added to the second moment's root");
  app.add_option("--use_galore", options.use_galore, "keep the optimizer's state in projections of the gradients");
  app.add_option("--galore_rank", options.galore.rank, "their rank")->check(CLI::Range(1, 8192));
  app.add_option("--galore_update_proj_gap", options.galore.gap, "steps between new projections")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--galore_scale", options.galore.scale, "of what is projected back");
  app.add_option("--galore_target_modules", options.galore.targets, "endings of layer names; all linear ones otherwise")
      ->delimiter(',');
  app.add_option("--galore_with_embedding", options.galore.with_embedding, "embedding and head too");
  app.add_option("--galore_optim_per_parameter", options.galore_per_parameter,
                 "move each parameter within the backward pass: no more than one layer's gradients in memory");
}

void add_memory_options(CLI::App &app, TuningOptions &options) {
  app.add_option("--torch_dtype", options.dtype,
                 "float32, bfloat16 or float16: what weights, their gradients and activations are kept in; computing "
                 "is in fp32, which is faster on a CPU")
      ->check(CLI::IsMember({"float32", "bfloat16", "float16"}));
  app.add_option("--quant_method", options.quant_method, "bnb: turn the frozen linear layers into four bits (NF4)")
      ->check(CLI::IsMember({"bnb"}));
  app.add_option("--quant_bits", options.quant_bits, "4")->check(CLI::IsMember({4}));
  app.add_option("--bnb_4bit_quant_type", options.nf4_type, "nf4")->check(CLI::IsMember({"nf4"}));
  app.add_option("--bnb_4bit_use_double_quant", options.double_quantization, "the blocks' scales in eight bits");
  app.add_option("--bnb_4bit_compute_dtype", options.compute_dtype, "as other scripts have it; computing is in fp32");
  app.add_option("--gradient_checkpointing", options.checkpointing, "recompute layers instead of keeping them");
}

at::ScalarType type_of(const std::string &dtype) {
  return dtype == "bfloat16" ? at::kBFloat16 : dtype == "float16" ? at::kHalf : at::kFloat;
}

// "galore_adamw_8bit_layerwise" → adamw_8bit with GaLore, each parameter by itself.
void read_galore_name(nn::OptimizerConfig &optimizer, bool &galore, bool &per_parameter) {
  static constexpr std::string_view kBefore = "galore_";
  static constexpr std::string_view kAfter = "_layerwise";
  if (optimizer.name.ends_with(kAfter)) {
    optimizer.name.resize(optimizer.name.size() - kAfter.size());
    per_parameter = true;
  }
  if (optimizer.name.starts_with(kBefore)) {
    optimizer.name.erase(0, kBefore.size());
    galore = true;
  }
}

Status check_quantisation(const TuningOptions &options, bool full) {
  const bool asked = !options.quant_method.empty() || options.quant_bits > 0;
  if (asked && (options.quant_method.empty() || options.quant_bits == 0)) {
    return Error{"--quant_method and --quant_bits go together", "Give --quant_method bnb --quant_bits 4"};
  }
  if (asked && full) {
    return Error{"four-bit weights cannot be trained themselves",
                 "Use --tuner_type lora, or leave out --quant_method and save memory with --torch_dtype bfloat16, "
                 "--optim adamw_8bit and --use_galore true"};
  }
  return {};
}

} // namespace

void add_tuning_options(CLI::App &app, TuningOptions &options) {
  add_tuner_options(app, options);
  add_optimizer_options(app, options);
  add_memory_options(app, options);
}

Result<Tuning> resolve(const TuningOptions &options) {
  Tuning tuning;
  tuning.full = options.tuner == "full" || !options.use_lora;
  if (auto good = check_quantisation(options, tuning.full); !good) {
    return good.error();
  }
  if (tuning.full && !options.adapters.empty()) {
    return Error{"--adapters is for --tuner_type lora", "Merge the adapter into the model first, and train that"};
  }
  const auto &frozen = options.trainable;
  if (!tuning.full && (frozen.frozen_ratio > 0 || !frozen.frozen.empty() || !frozen.frozen_pattern.empty() ||
                       !frozen.trainable.empty())) {
    return Error{"freezing parameters is for --tuner_type full: an adapter leaves all weights as they are",
                 "Choose the adapter's layers with --target_modules"};
  }
  tuning.lora = options.lora;
  tuning.trainable = options.trainable;
  tuning.trainable.type = type_of(options.dtype);
  tuning.model.kept = type_of(options.dtype);
  tuning.model.nf4 = options.quant_bits == 4;
  tuning.model.double_quantization = options.double_quantization;
  tuning.optimizer = options.optimizer;
  bool galore = options.use_galore;
  tuning.step_in_backward = options.galore_per_parameter;
  read_galore_name(tuning.optimizer, galore, tuning.step_in_backward);
  if (galore) {
    tuning.optimizer.galore = options.galore;
  }
  if (galore && !tuning.full) {
    return Error{"GaLore is for --tuner_type full: an adapter's matrices are small already",
                 "Add --tuner_type full, or leave out --use_galore"};
  }
  if (const auto known = nn::find_optimizer(tuning.optimizer.name); !known) {
    return known.error();
  }
  tuning.learning_rate = options.learning_rate > 0 ? options.learning_rate : tuning.full ? kWholeRate : kAdapterRate;
  tuning.loss_scaling = options.dtype == "float16";
  tuning.embedding_noise = options.embedding_noise;
  tuning.checkpointing = options.checkpointing;
  return tuning;
}

Status make_trainable(nn::Model &model, const Tuning &tuning, const std::filesystem::path &resumed,
                      const std::filesystem::path &adapter, std::uint64_t seed) {
  model.recompute_layers(tuning.checkpointing);
  if (!tuning.full) {
    const auto &from = resumed.empty() ? adapter : resumed;
    return from.empty() ? model.add_lora(tuning.lora, seed) : model.load_adapter(from);
  }
  if (auto trained = model.train_weights(tuning.trainable); !trained) {
    return trained;
  }
  return resumed.empty() ? Status() : model.load_trained(resumed);
}

} // namespace yanxing::training
