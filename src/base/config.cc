#include "base/config.h"

#include "base/files.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <thread>
#include <toml++/toml.h>

namespace yanxing {
namespace {

Error at(const std::filesystem::path &file, const toml::source_region &region, const std::string &what) {
  return Error{file.string() + ":" + std::to_string(region.begin.line) + ": " + what,
               "See 'yanxing doctor' for the settings and their values"};
}

template <class T> const char *type_name() {
  if constexpr (std::is_same_v<T, bool>) {
    return "true or false";
  } else if constexpr (std::is_same_v<T, int>) {
    return "a whole number";
  } else {
    return "a text in quotes";
  }
}

// The line of the first character beyond ASCII that stands in no text and no comment; 0 where there is none. TOML knows
// no such character there, and toml++ 3.3 runs into undefined behaviour on some of them (é, 。).
std::size_t stray_character_line(std::string_view toml) {
  std::size_t line = 1;
  std::string_view quote; // of the text that is open
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  for (std::size_t at = toml.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0; at < toml.size(); ++at) {
    const auto rest = toml.substr(at);
    line += toml[at] == '\n' ? 1 : 0;
    if (!quote.empty()) {
      if (toml[at] == '\\' && quote.front() == '"') {
        ++at; // what is escaped ends no text
        line += at < toml.size() && toml[at] == '\n' ? 1 : 0;
      } else if (rest.starts_with(quote)) {
        at += quote.size() - 1;
        quote = {};
      } else if (toml[at] == '\n' && quote.size() == 1) {
        quote = {}; // not closed: the parser says so
      }
      continue;
    }
    if (toml[at] == '#') {
      at = std::min(toml.find('\n', at), toml.size()) - 1;
    } else if (toml[at] == '"' || toml[at] == '\'') {
      quote = rest.substr(0, rest.starts_with(R"(""")") || rest.starts_with("'''") ? 3 : 1);
      at += quote.size() - 1;
    } else if (static_cast<unsigned char>(toml[at]) >= 0x80) {
      return line;
    }
  }
  return 0;
}

} // namespace

Result<Settings> load_settings(const std::filesystem::path &file) {
  Settings settings;
  std::error_code code;
  if (!std::filesystem::exists(file, code)) {
    return settings;
  }
  constexpr std::uintmax_t kMostBytes = 1 << 20;
  auto text = read_file(file, kMostBytes);
  if (!text) {
    return text.error();
  }
  if (const auto line = stray_character_line(*text); line > 0) {
    return Error{file.string() + ":" + std::to_string(line) + ": a character beyond ASCII stands outside of quotes",
                 "Put the text in quotes: key = \"值\""};
  }
  toml::table table;
  try {
    table = toml::parse(*text, file.string());
  } catch (const toml::parse_error &error) {
    return at(file, error.source(), std::string(error.description()));
  }
  std::set<std::string, std::less<>> known;
  std::optional<Error> problem;
  settings.for_each_setting([&]<class T>(const char *key, T &field) {
    known.insert(key);
    const auto *node = table.get(key);
    if (node == nullptr || problem) {
      return;
    }
    if (const auto value = node->value_exact<std::conditional_t<std::is_same_v<T, int>, std::int64_t, T>>()) {
      field = static_cast<T>(*value);
    } else {
      problem = at(file, node->source(), std::string(key) + " must be " + type_name<T>());
    }
  });
  for (const auto &[key, node] : table) {
    if (!problem && !known.contains(key.str())) {
      problem = at(file, node.source(), "there is no setting \"" + std::string(key.str()) + "\"");
    }
  }
  if (problem) {
    return *problem;
  }
  return settings;
}

int engine_threads(int wanted) {
  constexpr unsigned kMost = 4;
  return wanted > 0 ? wanted : static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, kMost));
}

} // namespace yanxing
