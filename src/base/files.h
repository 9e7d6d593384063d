// Reading and writing whole files. Writes are atomic: a reader sees the old or the new content,
// never a half, and a full disk leaves the old file as it was.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace yanxing {

Result<std::string> read_file(const std::filesystem::path &path, std::uintmax_t max_bytes = UINTMAX_MAX);

// Writes beside `path` and renames over it; creates missing parent folders. `mode` as for chmod.
Status write_file(const std::filesystem::path &path, std::string_view content, unsigned mode = 0644);

} // namespace yanxing
