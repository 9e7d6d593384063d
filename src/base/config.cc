#include "base/config.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <thread>
#include <toml++/toml.h>

namespace yanxing {
namespace {

Error at(const std::filesystem::path &file, const toml::source_region &region, const std::string &what) {
  return Error{file.string() + ":" + std::to_string(region.begin.line) + ": " + what,
               "See 'yanxing doctor' for the settings and their values"};
}

template <class T> const char *type_name() {
  if constexpr (std::is_same_v<T, bool>) {
    return "true or false";
  } else if constexpr (std::is_same_v<T, int>) {
    return "a whole number";
  } else {
    return "a text in quotes";
  }
}

} // namespace

Result<Settings> load_settings(const std::filesystem::path &file) {
  Settings settings;
  std::error_code code;
  if (!std::filesystem::exists(file, code)) {
    return settings;
  }
  toml::table table;
  try {
    table = toml::parse_file(file.string());
  } catch (const toml::parse_error &error) {
    return at(file, error.source(), std::string(error.description()));
  }
  std::set<std::string, std::less<>> known;
  std::optional<Error> problem;
  settings.for_each_setting([&]<class T>(const char *key, T &field) {
    known.insert(key);
    const auto *node = table.get(key);
    if (node == nullptr || problem) {
      return;
    }
    if (const auto value = node->value_exact<std::conditional_t<std::is_same_v<T, int>, std::int64_t, T>>()) {
      field = static_cast<T>(*value);
    } else {
      problem = at(file, node->source(), std::string(key) + " must be " + type_name<T>());
    }
  });
  for (const auto &[key, node] : table) {
    if (!problem && !known.contains(key.str())) {
      problem = at(file, node.source(), "there is no setting \"" + std::string(key.str()) + "\"");
    }
  }
  if (problem) {
    return *problem;
  }
  return settings;
}

int engine_threads(int wanted) {
  constexpr unsigned kMost = 4;
  return wanted > 0 ? wanted : static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, kMost));
}

} // namespace yanxing
