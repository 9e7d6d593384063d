// Options from a file: `yanxing sft run.yaml --max_steps 10`. What the command line names itself wins.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace yanxing::verb {

// Whether a verb's first word names a file of options by its ending: .json (an args.json that a run has left), .yaml or
// .yml.
bool is_config_file(const std::string &word);

// The options of `file` as words of a command line, those left out that `words` name in any of their spellings. Values
// are scalars or lists of scalars; null means the default. Errors: unreadable, nested values, an option that `command`
// does not have (each with the file's name).
Result<std::vector<std::string>> words_of_config(const std::filesystem::path &file, const CLI::App &command,
                                                 const std::vector<std::string> &words);

} // namespace yanxing::verb
