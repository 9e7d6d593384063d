// Which model and which adapter a command line means, with ms-swift's older and newer names.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <functional>
#include <string>

namespace yanxing::training {

struct ChosenModel {
  std::filesystem::path model;   // a GGUF file or a folder with config.json
  std::filesystem::path adapter; // a folder with adapter_config.json; empty: none
};

// `model`: a file, a folder, a name of the catalog or empty. `adapter`: an adapter's folder, the output folder of `sft`
// (then its latest checkpoint), or, as older scripts have it, the folder of a whole model. Where `model` is empty, what
// the adapter or the run's args.json says it was trained on. Errors say which of the two is missing.
Result<ChosenModel> choose_model(const std::string &model, const std::string &adapter);

// The model that an adapter was trained on, as far as it is here.
Result<std::filesystem::path> model_of_adapter(const std::filesystem::path &adapter);

// How the checkpoint is quantized already ("awq", "gptq", …), by its config.json; empty: it is not.
std::string quantization_of(const std::filesystem::path &model);

// A bar on the terminal, or nothing where there is none; ends its line when it is full.
std::function<void(double share)> progress_bar(const std::string &what);

} // namespace yanxing::training
