#include "base/json.h"

#include "base/files.h"

#include <algorithm>

namespace yanxing {

Result<Json> parse_json(std::string_view text, std::string_view where) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error &error) {
    const auto at = std::min(error.byte > 0 ? error.byte - 1 : 0, text.size());
    const auto before = text.substr(0, at);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto line_start = before.rfind('\n');
    const auto column = line_start == std::string_view::npos ? at + 1 : at - line_start;
    return Error{std::string(where) + ":" + std::to_string(line) + ":" + std::to_string(column) +
                     ": this is not valid JSON",
                 "Check for a missing comma, quote or bracket there"};
  }
}

Result<Json> read_json_file(const std::filesystem::path &path) {
  constexpr std::uintmax_t kMaxBytes = 256ULL << 20U;
  auto text = read_file(path, kMaxBytes);
  if (!text) {
    return text.error();
  }
  return parse_json(*text, path.string());
}

std::string dump(const Json &value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string string_or_empty(const Json &object, const char *key) {
  if (!object.is_object()) {
    return {};
  }
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

} // namespace yanxing
