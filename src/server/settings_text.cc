#include "server/settings_text.h"

#include <algorithm>

namespace yanxing::server {

std::string with_setting(const std::string &toml, const std::string &key, const Json &value) {
  const auto line = key + " = " + dump(value); // JSON's texts, numbers and truths are TOML's too
  std::string result;
  bool set = false;
  for (std::size_t at = 0; at < toml.size();) {
    const auto end = std::min(toml.find('\n', at), toml.size());
    const auto old = toml.substr(at, end - at);
    at = end + 1;
    const auto start = old.find_first_not_of(" \t");
    const auto after = start == std::string::npos ? start : old.find_first_of(" \t=", start);
    const bool is_it = after != std::string::npos && old.substr(start, after - start) == key;
    result += (is_it ? line : old) + "\n";
    set = set || is_it;
  }
  return set ? result : result + line + "\n";
}

} // namespace yanxing::server
