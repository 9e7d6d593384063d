// yanxing export: a model in the form that others load.
#include "base/log.h"
#include "convert/gguf_model.h"
#include "convert/hf_folder.h"
#include "convert/unfinished.h"
#include "llm/quantize.h"
#include "nn/checkpoint.h"
#include "nn/decoder.h"
#include "nn/model.h"
#include "quant/awq.h"
#include "quant/gptq.h"
#include "training/calibration_rows.h"
#include "training/chosen_model.h"
#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>
#include <thread>

namespace yanxing::training {
using namespace verb;

namespace fs = std::filesystem;
namespace {

struct ExportOptions {
  std::string model;
  std::string model_type;
  std::string adapters;
  bool merge = false;
  std::string output;
  bool replace = false;
  std::string dtype;
  std::string gguf;
  std::string method;
  int bits = 4;
  std::int64_t group_size = 128;
  bool act_order = false;
  bool symmetric = true;
  double damping = 0.01;
  CalibrationOptions calibration;
  double shard_gigabytes = 5;
  int threads = 0;
};

void define(CLI::App &app, ExportOptions &options) {
  app.add_option(
      "--model", options.model,
      "GGUF file, Hugging Face folder or a name from `yanxing models`; empty: what the adapter was trained on");
  app.add_option("--model_type", options.model_type, "family, as older scripts name it; the checkpoint itself tells");
  app.add_option("--adapters,--ckpt_dir", options.adapters, "adapter, or the output folder of `yanxing sft`");
  app.add_option("--merge_lora", options.merge, "fold the adapter into the weights");
  app.add_option("--output_dir,--export_dir", options.output,
                 "folder to make (a file where it ends in .gguf); empty: beside what is exported");
  app.add_option("--exist_ok", options.replace, "replace what is there already");
  app.add_option("--torch_dtype", options.dtype, "float32, float16 or bfloat16 (default: as the model has it)")
      ->check(CLI::IsMember({"float32", "float16", "bfloat16"}));
  app.add_option("--to_gguf", options.gguf, "one GGUF file: f32, f16, bf16, q8_0, q6_k, q5_k_m, q4_k_m, …")
      ->transform([](std::string type) {
        std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::tolower(c); });
        return type;
      });
  app.add_option("--quant_method", options.method, "awq or gptq: packed weights for transformers, vLLM, SGLang")
      ->check(CLI::IsMember({"awq", "gptq"}));
  app.add_option("--quant_bits", options.bits, "bits of a weight")->check(CLI::IsMember({2, 4, 8}));
  app.add_option("--group_size", options.group_size, "weights that share a scale")->check(CLI::Range(8, 65536));
  app.add_option("--dataset", options.calibration.datasets, "what the quantizer calibrates on: FILE.jsonl, FILE#N");
  app.add_option("--quant_n_samples", options.calibration.samples, "samples of it")->check(CLI::Range(1, 1000000));
  app.add_option("--max_length", options.calibration.max_length, "tokens of a row; longer samples are left out")
      ->check(CLI::Range(16, 1000000));
  app.add_option("--actions", options.calibration.actions, "actions of samples that name none");
  app.add_option("--desc_act", options.act_order, "GPTQ: the most important columns first");
  app.add_option("--sym", options.symmetric, "GPTQ: the same range on both sides of zero");
  app.add_option("--damp_percent", options.damping, "GPTQ: added to the Hessian's diagonal")
      ->check(CLI::Range(1e-6, 1.0));
  app.add_option("--max_shard_size", options.shard_gigabytes, "gigabytes of one safetensors file")
      ->check(CLI::Range(0.001, 1000.0));
  app.add_option("--threads", options.threads, "0: all cores");
}

bool is_whole_precision(const std::string &type) { return type == "f32" || type == "f16" || type == "bf16"; }

Status check(const ExportOptions &options) {
  if (options.merge && options.adapters.empty()) {
    return Error{"there is no adapter to merge", "Name it with --adapters (or --ckpt_dir)"};
  }
  const auto types = llm::quantized_types();
  if (!options.gguf.empty() && !is_whole_precision(options.gguf) &&
      std::find(types.begin(), types.end(), options.gguf) == types.end()) {
    std::string names = "f32, f16, bf16";
    for (const auto &type : types) {
      names += ", " + type;
    }
    return Error{"there is no GGUF type '" + options.gguf + "'", "Types are: " + names};
  }
  if (!options.method.empty() && !options.gguf.empty()) {
    return Error{"--quant_method and --to_gguf name two formats", "Export them one after another"};
  }
  if (!options.method.empty() && options.calibration.datasets.empty()) {
    return Error{"a quantizer needs samples to calibrate on",
                 "Name them with --dataset; 'yanxing data make --out calibration.jsonl --count 64' makes some"};
  }
  if (options.gguf.empty() && options.method.empty() && !options.merge && !options.adapters.empty()) {
    return Error{"it is not said what to export the adapter as",
                 "Give --merge_lora true, --to_gguf TYPE or --quant_method awq"};
  }
  return {};
}

// Where ms-swift would put it: beside the adapter or the model, with what was done to it in the name.
fs::path place_of(const ExportOptions &options, const ChosenModel &chosen) {
  if (!options.output.empty()) {
    return options.output;
  }
  auto from = (chosen.adapter.empty() ? chosen.model : chosen.adapter).lexically_normal();
  if (!from.has_filename()) {
    from = from.parent_path();
  }
  if (from.extension() == ".gguf") {
    from.replace_extension();
  }
  from += !options.gguf.empty()     ? "-" + options.gguf + ".gguf"
          : !options.method.empty() ? "-" + options.method + "-int" + std::to_string(options.bits)
          : options.merge           ? "-merged"
                                    : "-hf";
  return from;
}

int threads_of(const ExportOptions &options) {
  return options.threads > 0 ? options.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// Full precision first, in the numbers that lose nothing of the base; then llama.cpp's quantizer.
Status write_gguf_file(const fs::path &file, const ExportOptions &options, const nn::Checkpoint &base,
                       const nn::Model &model) {
  if (is_whole_precision(options.gguf)) {
    return convert::write_gguf(file, base, model, {options.gguf, progress_bar("writing")});
  }
  const auto embedding = base.find("model.embed_tokens.weight");
  const auto stored = embedding ? embedding->format.name() : "f16";
  const auto whole = fs::path(file).replace_extension(".whole");
  if (auto written = convert::write_gguf(whole, base, model,
                                         {is_whole_precision(stored) ? stored : "f16", progress_bar("writing")});
      !written) {
    return written;
  }
  auto quantized = llm::quantize_gguf(whole, file, options.gguf, threads_of(options), progress_bar("quantizing"));
  std::error_code ignored;
  fs::remove(whole, ignored);
  return quantized;
}

convert::HfOptions folder_options(const ExportOptions &options) {
  return {options.dtype, static_cast<std::uint64_t>(options.shard_gigabytes * 1e9), progress_bar("writing")};
}

Status write_quantized(const fs::path &folder, const ExportOptions &options, const nn::Checkpoint &base, Json &report) {
  const auto embedding = base.find("model.embed_tokens.weight");
  if (base.is_gguf() && embedding && embedding->format.quantised()) {
    log_warning(base.path().string() + " has quantized weights already: what they lost stays lost");
  }
  const auto rows = calibration_rows(options.calibration, base, folder / ".vocabulary.gguf");
  if (!rows) {
    return rows.error();
  }
  auto decoder = nn::Decoder::load(base, {});
  if (!decoder) {
    return decoder.error();
  }
  const bool awq = options.method == "awq";
  quant::AwqSettings awq_settings;
  awq_settings.grid = {options.bits, options.group_size, false};
  awq_settings.progress = progress_bar("awq");
  quant::GptqSettings gptq_settings;
  gptq_settings.grid = {options.bits, options.group_size, options.symmetric};
  gptq_settings.act_order = options.act_order;
  gptq_settings.damping = options.damping;
  gptq_settings.progress = progress_bar("gptq");
  const auto quantized =
      awq ? quant::quantize_awq(*decoder, *rows, awq_settings) : quant::quantize_gptq(*decoder, *rows, gptq_settings);
  if (!quantized) {
    return quantized.error();
  }
  log_info(quant::report_table(quantized->errors, options.method));
  report = quant::report_json(quantized->errors);
  report.erase("layers"); // they stand in quantization_error.json
  return quant::write_quantized_folder(
      folder, base, *decoder, *quantized, awq ? quant::Layout::kAwq : quant::Layout::kGptq,
      awq ? quant::awq_description(*decoder, awq_settings.grid) : quant::gptq_description(gptq_settings),
      folder_options(options));
}

// The quantizers take a checkpoint without an adapter: where there is one, the merged model is written first.
Status write_merged_quantized(const fs::path &folder, const ExportOptions &options, const nn::Checkpoint &base,
                              const nn::Model &model, Json &report) {
  if (!model.has_adapter()) {
    return write_quantized(folder, options, base, report);
  }
  const auto merged = folder / ".merged";
  std::error_code code;
  fs::create_directory(merged, code);
  if (auto written = convert::write_hf_folder(merged, base, model, {"float32", 5'000'000'000, progress_bar("merging")});
      !written) {
    return written;
  }
  const auto again = nn::Checkpoint::open(merged);
  auto done = again ? write_quantized(folder, options, *again, report) : Status(again.error());
  fs::remove_all(merged, code);
  return done;
}

std::uint64_t bytes_in(const fs::path &place) {
  std::error_code code;
  if (!fs::is_directory(place, code)) {
    return fs::file_size(place, code);
  }
  std::uint64_t bytes = 0;
  for (const auto &entry : fs::recursive_directory_iterator(place, code)) {
    bytes += entry.is_regular_file(code) ? entry.file_size(code) : 0;
  }
  return bytes;
}

Status run(const ExportOptions &options) {
  if (auto good = check(options); !good) {
    return good;
  }
  const auto chosen = choose_model(options.model, options.adapters);
  if (!chosen) {
    return chosen.error();
  }
  if (const auto method = quantization_of(chosen->model); !method.empty()) {
    return Error{chosen->model.string() + " is quantized already (" + method + ")",
                 "Export from the model in full or half precision"};
  }
  const auto base = nn::Checkpoint::open(chosen->model);
  if (!base) {
    return base.error();
  }
  auto model = nn::Model::load(chosen->model);
  if (!model) {
    return model.error();
  }
  if (!chosen->adapter.empty()) {
    if (auto loaded = (*model)->load_adapter(chosen->adapter); !loaded) {
      return loaded;
    }
    if (const auto trained_on = model_of_adapter(chosen->adapter); trained_on && *trained_on != chosen->model) {
      log_warning(chosen->adapter.string() + " was trained on " + trained_on->string() + ", not on " +
                  chosen->model.string());
    }
    log_info("merging " + chosen->adapter.string() + " into " + chosen->model.string());
  }
  const auto place = place_of(options, *chosen);
  auto unfinished = convert::Unfinished::begin(place, options.replace);
  if (!unfinished) {
    return unfinished.error();
  }
  const bool file = !options.gguf.empty() && place.extension() == ".gguf";
  const auto gguf = unfinished->folder() / "model.gguf";
  nn::set_threads(threads_of(options));
  Json report = Json::object();
  auto done = !options.method.empty() ? write_merged_quantized(unfinished->folder(), options, *base, **model, report)
              : options.gguf.empty()
                  ? convert::write_hf_folder(unfinished->folder(), *base, **model, folder_options(options))
                  : write_gguf_file(gguf, options, *base, **model);
  if (done) {
    done = file ? unfinished->keep_file(gguf) : unfinished->keep();
  }
  if (!done) {
    return done;
  }
  const auto format = !options.method.empty() ? options.method : !options.gguf.empty() ? options.gguf : "safetensors";
  Json summary = {
      {"output", place.string()}, {"format", format}, {"merged", !chosen->adapter.empty()}, {"bytes", bytes_in(place)}};
  summary.update(report);
  print_json(summary);
  return {};
}

} // namespace

Verb make_export_training_verb() {
  return {"export",
          "write a model, with its adapter folded in, for other programs: safetensors, GGUF, AWQ, GPTQ",
          "  yanxing export --ckpt_dir output/agent --merge_lora true --export_dir exported/agent\n"
          "  yanxing export --adapters output/agent/checkpoint-100 --to_gguf q4_k_m --output_dir agent.gguf\n"
          "  yanxing export --model qwen2.5-0.5b --output_dir exported/qwen --torch_dtype bfloat16\n"
          "  yanxing export --model qwen2.5-0.5b --quant_method awq --dataset calibration.jsonl --quant_n_samples 64\n"
          "  yanxing run --model agent.gguf --adapter none --text \"open the budget\"",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<ExportOptions>();
            define(app, *options);
            return [options]() -> Status { return run(*options); };
          },
          "",
          true};
}

} // namespace yanxing::training
