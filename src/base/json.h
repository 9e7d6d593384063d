// The one JSON type of the project: keys keep the order in which they were written, because the
// order of arguments in a decision is part of what the model sees and of what the user reads.
#pragma once

#include "base/result.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace yanxing {

using Json = nlohmann::ordered_json;

// Parses one JSON document. `where` names the source for the error, which carries the line and column.
Result<Json> parse_json(std::string_view text, std::string_view where);

// Reads and parses a JSON file (at most 256 MiB).
Result<Json> read_json_file(const std::filesystem::path &path);

// Compact UTF-8; bytes that are not UTF-8 are replaced by U+FFFD instead of throwing.
std::string dump(const Json &value);

// Member `key` of object `object` as a string, or "" where it is absent or of another type.
std::string string_or_empty(const Json &object, const char *key);

} // namespace yanxing
