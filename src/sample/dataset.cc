#include "sample/dataset.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

namespace yanxing::sample {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostBytes = 64U << 20U; // of one row
constexpr int kMostDepth = 200;                // reading a value recurses

bool too_deep(std::string_view json) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      i += c == '\\' ? 1 : 0;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMostDepth) {
        return true;
      }
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

} // namespace

Result<SampleReader> SampleReader::open(const std::string &name) {
  SampleReader reader;
  auto path = name;
  if (const auto hash = name.rfind('#'); hash != std::string::npos && hash + 1 < name.size() &&
                                         hash + 10 > name.size() &&
                                         std::all_of(name.begin() + static_cast<std::ptrdiff_t>(hash) + 1, name.end(),
                                                     [](unsigned char c) { return std::isdigit(c) != 0; })) {
    reader.most_ = std::stoul(name.substr(hash + 1));
    path = name.substr(0, hash);
    if (reader.most_ == 0) {
      return Error{"\"" + name + "\" asks for no rows", "Write " + path + "#500 for the first 500"};
    }
  }
  reader.file_ = path;
  std::error_code code;
  if (fs::is_directory(reader.file_, code)) {
    return Error{"cannot read the dataset " + path + ": it is a folder", "Give a .jsonl or .json file"};
  }
  if (reader.file_.extension() == ".json") {
    auto list = read_json_file(reader.file_);
    if (!list) {
      return list.error();
    }
    if (!list->is_array()) {
      return Error{path + ": a .json dataset must be a list of rows", "Name it .jsonl where each line is a row"};
    }
    reader.list_ = std::move(*list);
    return reader;
  }
  errno = 0;
  reader.lines_.open(reader.file_, std::ios::binary);
  if (!reader.lines_) {
    return Error{"cannot read the dataset " + path + ": " + std::strerror(errno), "Give a .jsonl or .json file"};
  }
  return reader;
}

std::optional<Result<Sample>> SampleReader::next() {
  if (most_ > 0 && taken_ == most_) {
    return std::nullopt;
  }
  const auto folder = file_.parent_path();
  if (!list_.is_null()) {
    if (at_ == list_.size()) {
      return std::nullopt;
    }
    const auto &json = list_[at_++];
    ++taken_;
    return sample_from_json(json, folder, file_.string() + " row " + std::to_string(at_));
  }
  for (std::string line; std::getline(lines_, line);) {
    ++at_;
    if (at_ == 1 && line.starts_with("\xEF\xBB\xBF")) {
      line.erase(0, 3);
    }
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    ++taken_;
    const auto where = file_.string() + ":" + std::to_string(at_);
    if (line.size() > kMostBytes || too_deep(line)) {
      return Error{where + ": the row is longer than 64 MiB or nested more than 200 deep", ""};
    }
    const Json json = Json::parse(line, nullptr, false);
    return json.is_discarded() ? Error{where + ": expected one JSON object in this line", "A row stands in one line"}
                               : sample_from_json(json, folder, where);
  }
  return std::nullopt;
}

} // namespace yanxing::sample
