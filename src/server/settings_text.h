// Changing one key of a config.toml without touching the rest of it, comments included.
#pragma once

#include "base/json.h"

#include <string>

namespace yanxing::server {

// `toml` with the line of `key` replaced, or with one more.
std::string with_setting(const std::string &toml, const std::string &key, const Json &value);

} // namespace yanxing::server
