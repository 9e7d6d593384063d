#include "action/template.h"

#include <algorithm>
#include <cctype>

namespace yanxing::action {

std::string argument_text(const Json &value) {
  auto text = value.is_string() ? value.get<std::string>() : value.is_null() ? "" : dump(value);
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  return text;
}

namespace {

// Text between placeholders goes to `plain`, the name of each placeholder to `named`.
void walk(std::string_view pattern, const std::function<void(std::string_view)> &plain,
          const std::function<void(const std::string &)> &named) {
  for (std::size_t i = 0; i < pattern.size();) {
    if (pattern[i] != '{') {
      const auto end = std::min(pattern.find('{', i), pattern.size());
      plain(pattern.substr(i, end - i));
      i = end;
      continue;
    }
    if (pattern.substr(i).starts_with("{{")) {
      plain("{");
      i += 2;
      continue;
    }
    const auto end = pattern.find('}', i);
    const auto name = std::string(pattern.substr(i + 1, end == std::string_view::npos ? 0 : end - i - 1));
    if (name.empty() ||
        name.find_first_of(" \"':,{\n\t") != std::string::npos) { // {"a":1} in a JSON body is no parameter
      plain("{");
      ++i;
      continue;
    }
    named(name);
    i = end + 1;
  }
}

Json fill_json(const Json &pattern, const Json &arguments) {
  if (pattern.is_string()) {
    const auto text = pattern.get<std::string>();
    const auto names = placeholders_of(text);
    if (names.size() == 1 && text == "{" + names[0] + "}") {
      return arguments.contains(names[0]) ? arguments.at(names[0]) : Json();
    }
    return fill_template(text, arguments);
  }
  auto filled = pattern;
  if (filled.is_structured()) {
    for (auto &item : filled) {
      item = fill_json(item, arguments);
    }
  }
  return filled;
}

bool looks_like_json(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] == '[') {
    return first != std::string_view::npos;
  }
  const auto second = text.find_first_not_of(" \t\r\n", first + 1);
  return text[first] == '{' && second != std::string_view::npos && (text[second] == '"' || text[second] == '}');
}

} // namespace

std::string fill_template(std::string_view pattern, const Json &arguments,
                          const std::function<std::string(const std::string &)> &escape) {
  std::string out;
  walk(
      pattern, [&](std::string_view text) { out += text; },
      [&](const std::string &name) {
        if (arguments.contains(name)) {
          const auto text = argument_text(arguments.at(name));
          out += escape ? escape(text) : text;
        }
      });
  return out;
}

std::vector<std::string> placeholders_of(std::string_view pattern) {
  std::vector<std::string> names;
  walk(
      pattern, [](std::string_view) {}, [&](const std::string &name) { names.push_back(name); });
  return names;
}

std::string fill_json_text(std::string_view pattern, const Json &arguments) {
  std::string out;
  bool quoted = false;
  bool escaped = false;
  const auto plain = [&](std::string_view text) {
    for (const char c : text) {
      quoted = quoted != (c == '"' && !escaped);
      escaped = quoted && c == '\\' && !escaped;
    }
    out += text;
  };
  const auto named = [&](const std::string &name) {
    const auto value = arguments.contains(name) ? arguments.at(name) : Json();
    out += quoted ? json_escaped(argument_text(value)) : dump(value);
  };
  walk(pattern, plain, named);
  return out;
}

std::string fill_body(const Json &pattern, const Json &arguments) {
  if (pattern.is_null()) {
    return "";
  }
  if (!pattern.is_string()) {
    return dump(fill_json(pattern, arguments));
  }
  const auto text = pattern.get<std::string>();
  return looks_like_json(text) ? fill_json_text(text, arguments) : fill_template(text, arguments);
}

std::string url_escaped(const std::string &text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x80 && std::isalnum(byte) != 0) || c == '-' || c == '.' || c == '_' || c == '~') {
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
