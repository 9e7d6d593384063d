#include "base/json.h"

#include "base/files.h"

#include <algorithm>

namespace yanxing {

namespace {

constexpr std::uintmax_t kMaxFileBytes = 256ULL << 20U;

// Copying and printing a value recurse: what is nested deeper than any real document would overflow the stack.
bool nested_too_deep(std::string_view text) {
  constexpr int kMostLevels = 500;
  int level = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '[' || c == '{') && ++level > kMostLevels) {
      return true;
    } else if (!quoted && (c == ']' || c == '}')) {
      --level;
    }
  }
  return false;
}

} // namespace

Result<Json> parse_json(std::string_view text, std::string_view where) {
  if (nested_too_deep(text)) {
    return Error{std::string(where) + ": this JSON is nested deeper than 500 levels", ""};
  }
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
  } catch (const Json::out_of_range &) { // 1e999; it tells no place
    return Error{std::string(where) + ": this JSON holds a number that is too large", ""};
  }
}

Result<Json> read_json_file(const std::filesystem::path &path) {
  const auto text = read_file(path, kMaxFileBytes);
  return text ? parse_json(*text, path.string()) : Result<Json>(text.error());
}

std::string dump(const Json &value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string string_or_empty(const Json &object, const char *key) {
  if (!object.is_object()) {
    return {};
  }
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

} // namespace yanxing
