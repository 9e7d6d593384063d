#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace yanxing {
namespace {

spdlog::logger &logger() {
  static const auto instance = [] {
    auto made = spdlog::stderr_color_mt("yanxing");
    made->set_pattern("%^%v%$");
    return made;
  }();
  return *instance;
}

} // namespace

void set_log_level(LogLevel level) {
  logger().set_level(level == LogLevel::kQuiet   ? spdlog::level::warn
                     : level == LogLevel::kDebug ? spdlog::level::debug
                                                 : spdlog::level::info);
}

void log_info(std::string_view line) { logger().info("{}", line); }
void log_debug(std::string_view line) { logger().debug("{}", line); }
void log_warning(std::string_view line) { logger().warn("{}", line); }

} // namespace yanxing
