// Log lines for people, on stderr; results go to stdout. Thread-safe.
#pragma once

#include <string_view>

namespace yanxing {

enum class LogLevel { kQuiet, kInfo, kDebug };

// Called once by main before any other thread starts.
void set_log_level(LogLevel level);
void log_info(std::string_view line);
void log_debug(std::string_view line);
void log_warning(std::string_view line);

} // namespace yanxing
