// Where the page keeps samples to learn from: state_folder()/samples/NAME.jsonl.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>

namespace yanxing::server {

std::filesystem::path samples_folder();
// The file of that name, which is there. Errors: no such file, or no plain name.
Result<std::filesystem::path> samples_file(const std::string &name);

} // namespace yanxing::server
