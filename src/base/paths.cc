#include "base/paths.h"

#include <cstdlib>
#include <string>

namespace yanxing {
namespace fs = std::filesystem;
namespace {

fs::path from_environment(const char *name) {
  const char *value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nothing here calls setenv after start
  return value != nullptr ? fs::path(value) : fs::path();
}

fs::path home() {
  const auto folder = from_environment("HOME");
  return folder.empty() ? fs::path("/root") : folder;
}

fs::path xdg(const char *own, const char *variable, const char *fallback, const char *leaf) {
  if (auto folder = from_environment(own); !folder.empty()) {
    return folder;
  }
  const auto base = from_environment(variable);
  return (base.empty() ? home() / fallback : base) / "yanxing" / leaf;
}

} // namespace

fs::path models_folder() { return xdg("YANXING_MODELS", "XDG_DATA_HOME", ".local/share", "models"); }
Result<fs::path> model_file(const std::string &model, const std::string &file) {
  auto path = models_folder() / model / file;
  std::error_code code;
  if (!fs::exists(path, code)) {
    return Error{"the model " + model + " is not installed (" + path.string() + " is missing)",
                 "Run 'yanxing pull " + model + "'"};
  }
  return path;
}

Result<fs::path> weights_file(const std::string &model) {
  if (!model.ends_with(".gguf")) {
    return model_file(model, "model.gguf");
  }
  std::error_code code;
  if (!fs::is_regular_file(model, code)) {
    return Error{"there is no model file " + model, "Give an existing .gguf file, or a name from 'yanxing models'"};
  }
  return fs::path(model);
}

fs::path state_folder() { return xdg("YANXING_STATE", "XDG_STATE_HOME", ".local/state", ""); }
fs::path cache_folder() { return xdg("YANXING_CACHE", "XDG_CACHE_HOME", ".cache", ""); }
fs::path config_folder() { return xdg("YANXING_CONFIG", "XDG_CONFIG_HOME", ".config", ""); }

fs::path share_folder() {
  if (auto folder = from_environment("YANXING_SHARE"); !folder.empty()) {
    return folder;
  }
  std::error_code code;
  const auto binary = fs::read_symlink("/proc/self/exe", code);
  const auto installed = binary.parent_path() / "../share/yanxing";
  return fs::exists(installed, code) ? installed : fs::path(YANXING_SOURCE_DIR);
}

} // namespace yanxing
