#include "action/template.h"

#include <cctype>

namespace yanxing::action {

std::string argument_text(const Json &value) {
  auto text = value.is_string() ? value.get<std::string>() : value.is_null() ? "" : dump(value);
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  return text;
}

std::string fill_template(std::string_view pattern, const Json &arguments,
                          const std::function<std::string(const std::string &)> &escape) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size();) {
    if (pattern[i] != '{') {
      out += pattern[i++];
      continue;
    }
    if (i + 1 < pattern.size() && pattern[i + 1] == '{') {
      out += '{';
      i += 2;
      continue;
    }
    const auto end = pattern.find('}', i);
    const auto name = std::string(pattern.substr(i + 1, end == std::string_view::npos ? end : end - i - 1));
    const bool is_name = end != std::string_view::npos && !name.empty() &&
                         name.find_first_of(" \"':,{") == std::string::npos; // {"a":1} in a JSON body is no parameter
    if (!is_name) {
      out += pattern[i++];
      continue;
    }
    if (arguments.contains(name)) {
      const auto text = argument_text(arguments.at(name));
      out += escape ? escape(text) : text;
    }
    i = end + 1;
  }
  return out;
}

std::string url_escaped(const std::string &text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xFU];
    }
  }
  return out;
}

std::string json_escaped(const std::string &text) {
  const auto quoted = dump(Json(text));
  return quoted.substr(1, quoted.size() - 2);
}

} // namespace yanxing::action
