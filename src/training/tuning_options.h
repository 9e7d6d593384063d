// How a model is tuned: tuner, frozen parts, optimizer, precision, quantisation. What every training verb asks for, in
// ms-swift's names and defaults (version 4), with the older spellings beside them.
#pragma once

#include "base/result.h"
#include "nn/model.h"
#include "nn/optimizer.h"

#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace yanxing::training {

struct TuningOptions {
  std::string tuner = "lora";
  bool use_lora = true;
  nn::LoraConfig lora{8, 32.0F, 0.05F, false, false, {"all-linear"}};
  nn::TrainableConfig trainable;
  nn::OptimizerConfig optimizer;
  float learning_rate = 0; // 0: 1e-4 for adapters, 1e-5 for whole weights
  bool use_galore = false;
  nn::GaloreConfig galore;
  bool galore_per_parameter = false;
  std::string dtype = "float32";
  std::string quant_method;
  int quant_bits = 0;
  std::string nf4_type = "nf4";
  bool double_quantization = true;
  std::string compute_dtype;
  bool checkpointing = true;
  float embedding_noise = 0;
  std::string adapters;
};

void add_tuning_options(CLI::App &app, TuningOptions &options);

// The options made consistent.
struct Tuning {
  bool full = false;
  nn::LoraConfig lora;
  nn::TrainableConfig trainable;
  nn::ModelOptions model;
  nn::OptimizerConfig optimizer;
  float learning_rate = 0;
  bool step_in_backward = false;
  bool loss_scaling = false;
  float embedding_noise = 0;
  bool checkpointing = true;
};

// Errors: options that exclude each other, with what to change.
Result<Tuning> resolve(const TuningOptions &options);

// Makes something of the model trainable. `resumed`: a checkpoint of the same run, or empty; `adapter`: a PEFT folder
// to start from, or empty.
Status make_trainable(nn::Model &model, const Tuning &tuning, const std::filesystem::path &resumed,
                      const std::filesystem::path &adapter, std::uint64_t seed);

} // namespace yanxing::training
