// Members of wheels (zip) and npm packages (tar.gz), read as a stream; and hashes of files.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <functional>
#include <span>
#include <string>

namespace yanxing::catalog {

// Lower-case hexadecimal.
Result<std::string> sha256_of_file(const std::filesystem::path &file);

// Takes the next bytes; false stops (the taker keeps its own error).
using Sink = std::function<bool(std::span<const char> bytes)>;

// Streams the one member with this path; an error where the archive is damaged or lacks it.
Status extract_member(const std::filesystem::path &archive, const std::string &member, const Sink &sink);

// Writes every member that matches the glob into `folder` under its last name (an archive's paths are never
// followed). An error where none matches.
Status extract_matching(const std::filesystem::path &archive, const std::string &glob,
                        const std::filesystem::path &folder);

} // namespace yanxing::catalog
