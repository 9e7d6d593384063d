#include "training/chosen_model.h"

#include "base/json.h"
#include "base/paths.h"
#include "train/checkpoints.h"
#include "verb/parts.h"

#include <cstdio>
#include <unistd.h>

namespace yanxing::training {
namespace fs = std::filesystem;
namespace {

bool is_there(const fs::path &path) {
  std::error_code code;
  return fs::exists(path, code);
}

Result<fs::path> find_model(const std::string &name) {
  if (is_there(name)) {
    const bool folder = fs::is_directory(name);
    if (folder && !is_there(fs::path(name) / "config.json")) {
      return Error{"there is no model in " + name + ": it has no config.json",
                   "Give a .gguf file, a Hugging Face folder, or a name from 'yanxing models'"};
    }
    return fs::path(name);
  }
  if (name.find('/') != std::string::npos && !name.ends_with(".gguf")) {
    return Error{"there is no model " + name,
                 "Give a .gguf file, a Hugging Face folder, or a name from 'yanxing models'"};
  }
  return weights_file(name);
}

// The folder with the adapter's files; empty where there is none.
fs::path find_adapter(const fs::path &folder) {
  if (is_there(folder / "adapter_config.json")) {
    return folder;
  }
  auto latest = train::Checkpoints::latest(folder);
  return is_there(latest / "adapter_config.json") ? latest : fs::path();
}

// What args.json of the run, in the adapter's folder or above it, names as "model".
std::string model_of_run(const fs::path &adapter) {
  for (const auto &folder : {adapter, adapter.parent_path()}) {
    if (is_there(folder / "args.json")) {
      const auto arguments = read_json_file(folder / "args.json");
      return arguments && arguments->is_object() ? string_or_empty(*arguments, "model") : "";
    }
  }
  return "";
}

} // namespace

Result<fs::path> model_of_adapter(const fs::path &adapter) {
  const auto config = read_json_file(adapter / "adapter_config.json");
  if (!config) {
    return config.error();
  }
  const auto base = config->is_object() ? string_or_empty(*config, "base_model_name_or_path") : "";
  const auto run = model_of_run(adapter.lexically_normal());
  for (const auto &name : {base, run}) {
    if (auto found = name.empty() ? Result<fs::path>(Error{"", ""}) : find_model(name); found) {
      return found;
    }
  }
  return Error{"the model that " + adapter.string() + " was trained on (" +
                   (!base.empty() ? base
                    : run.empty() ? "not stated"
                                  : run) +
                   ") is not here",
               "Name it with --model"};
}

Result<ChosenModel> choose_model(const std::string &model, const std::string &adapter) {
  ChosenModel chosen;
  if (!adapter.empty()) {
    if (!is_there(adapter)) {
      return Error{"there is no folder " + adapter,
                   "Give the output folder of 'yanxing sft' or one of its checkpoints"};
    }
    chosen.adapter = find_adapter(fs::path(adapter));
    if (chosen.adapter.empty() && model.empty()) {
      for (const auto &whole : {fs::path(adapter), train::Checkpoints::latest(adapter)}) {
        if (is_there(whole / "config.json")) { // of full fine-tuning
          chosen.model = whole;
          return chosen;
        }
      }
    }
    if (chosen.adapter.empty()) {
      return Error{"there is no adapter in " + adapter +
                       ": neither adapter_config.json nor a checkpoint of 'yanxing sft'",
                   "Give the output folder of 'yanxing sft' or one of its checkpoints"};
    }
  }
  if (model.empty() && chosen.adapter.empty()) {
    const auto configured = verb::settings();
    if (!configured) {
      return configured.error();
    }
    auto light = weights_file(configured->light);
    if (!light) {
      return light.error();
    }
    chosen.model = *light;
    return chosen;
  }
  auto found = model.empty() ? model_of_adapter(chosen.adapter) : find_model(model);
  if (!found) {
    return found.error();
  }
  chosen.model = *found;
  return chosen;
}

std::string quantization_of(const fs::path &model) {
  if (!is_there(model / "config.json")) {
    return "";
  }
  const auto config = read_json_file(model / "config.json");
  if (!config || !config->is_object() || !config->contains("quantization_config")) {
    return "";
  }
  const auto method = string_or_empty((*config)["quantization_config"], "quant_method");
  return method.empty() ? "unknown" : method;
}

std::function<void(double)> progress_bar(const std::string &what) {
  if (::isatty(STDERR_FILENO) == 0) {
    return [](double) {};
  }
  return [what, last = -1](double share) mutable {
    constexpr int kWidth = 20;
    const int percent = static_cast<int>(share * 100);
    if (percent == last) {
      return;
    }
    last = percent;
    std::string bar;
    for (int i = 0; i < kWidth; ++i) {
      bar += i < percent * kWidth / 100 ? "█" : "·";
    }
    std::fprintf(stderr, "\r%-12s [%s] %3d %%%s", what.c_str(), bar.c_str(), percent, percent >= 100 ? "\n" : "");
  };
}

} // namespace yanxing::training
