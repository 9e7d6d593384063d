#include "verb/config_file.h"

#include "base/files.h"

#include <CLI/CLI.hpp>
#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace yanxing::verb {
namespace {

// Every spelling of the option, with its dashes: "--batch_size", "-q".
std::vector<std::string> spellings(const CLI::Option &option) {
  std::vector<std::string> names;
  for (const auto &name : option.get_lnames()) {
    names.push_back("--" + name);
  }
  for (const auto &name : option.get_snames()) {
    names.push_back("-" + name);
  }
  return names;
}

bool is_named(const CLI::Option &option, const std::vector<std::string> &words) {
  const auto names = spellings(option);
  return std::any_of(words.begin(), words.end(), [&](const std::string &word) {
    return std::find(names.begin(), names.end(), word.substr(0, word.find('='))) != names.end();
  });
}

Error wrong(const std::filesystem::path &file, const YAML::Mark &mark, const std::string &what,
            const std::string &hint) {
  const auto line = mark.is_null() ? std::string() : ":" + std::to_string(mark.line + 1);
  return {file.string() + line + ": " + what, hint};
}

} // namespace

bool is_config_file(const std::string &word) {
  return word.ends_with(".json") || word.ends_with(".yaml") || word.ends_with(".yml");
}

Result<std::vector<std::string>> words_of_config(const std::filesystem::path &file, const CLI::App &command,
                                                 const std::vector<std::string> &words) {
  constexpr std::uintmax_t kMostBytes = 1 << 20;
  const auto text = read_file(file, kMostBytes);
  if (!text) {
    return text.error();
  }
  YAML::Node options;
  try {
    options = YAML::Load(*text); // JSON is YAML
  } catch (const YAML::Exception &error) {
    return wrong(file, error.mark, "this is neither YAML nor JSON: " + error.msg,
                 "Write one option a line: name: value");
  }
  if (!options.IsMap()) {
    return wrong(file, options.Mark(), "options are expected", "Write one option a line: name: value");
  }
  std::vector<std::string> result;
  for (const auto &entry : options) {
    if (!entry.first.IsScalar()) {
      return wrong(file, entry.first.Mark(), "an option's name is expected", "");
    }
    const auto &name = entry.first.Scalar();
    const auto *option = command.get_option_no_throw("--" + name);
    if (option == nullptr) {
      return wrong(file, entry.first.Mark(), "there is no option \"" + name + "\"",
                   "See yanxing " + command.get_name() + " --help");
    }
    if (entry.second.IsNull() || is_named(*option, words)) {
      continue;
    }
    std::vector<std::string> values;
    if (entry.second.IsScalar()) {
      values.push_back(entry.second.Scalar());
    }
    for (const auto &item : entry.second) {
      if (!entry.second.IsSequence() || !item.IsScalar()) {
        return wrong(file, entry.second.Mark(), "\"" + name + "\" must be one value or a list of values", "");
      }
      values.push_back(item.Scalar());
    }
    const bool flag = option->get_expected_min() == 0;
    for (const auto &value : values) {
      if (flag || values.size() == 1) {
        result.push_back("--" + name + "=" + value);
      }
    }
    if (!flag && values.size() > 1) {
      result.push_back("--" + name);
      result.insert(result.end(), values.begin(), values.end());
    }
  }
  return result;
}

} // namespace yanxing::verb
