// Where things live, after the XDG base directory specification. Pure look-ups: nothing is created.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>

namespace yanxing {

// Downloaded models: $YANXING_MODELS, else $XDG_DATA_HOME/yanxing/models (default ~/.local/share).
std::filesystem::path models_folder();
// models_folder()/model/file where it is there; else an error that says how to fetch it.
Result<std::filesystem::path> model_file(const std::string &model, const std::string &file);
// A language model's weights: `model` is a name of the catalog, or the path of a .gguf file.
Result<std::filesystem::path> weights_file(const std::string &model);
// State that must survive a restart (outbox, timers, undo): $YANXING_STATE, else $XDG_STATE_HOME/yanxing.
std::filesystem::path state_folder();
// What can be made again (prefix states, kept speech): $XDG_CACHE_HOME/yanxing.
std::filesystem::path cache_folder();
// config.toml and contacts.vcf: $YANXING_CONFIG, else $XDG_CONFIG_HOME/yanxing.
std::filesystem::path config_folder();
// Files that come with the program (actions/, assets/): $YANXING_SHARE, else beside the binary
// (../share/yanxing), else the source tree it was built from.
std::filesystem::path share_folder();

} // namespace yanxing
