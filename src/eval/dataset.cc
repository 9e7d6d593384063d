#include "eval/dataset.h"

#include "action/registry.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace yanxing::eval {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxLineBytes = 16U << 20U; // a screen with thousands of elements has some MiB
constexpr std::size_t kMaxTextBytes = 64U << 10U; // an hour of speech; bounds the cost of comparing texts
constexpr int kMaxDepth = 200;                    // walking a value recurses

// Brackets that are open at once, outside of strings.
int nesting(std::string_view json) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      i += c == '\\' ? 1 : 0;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

// Reads one row; each part returns what was wrong with it, if anything.
class RowParser {
public:
  RowParser(const Json &json, const fs::path &folder, const std::string &where)
      : json_(json), folder_(folder), where_(where) {}

  Result<Row> parse() {
    if (!json_.is_object()) {
      return wrong("a row must be an object", "");
    }
    row_.raw = json_;
    for (const auto part : {&RowParser::names, &RowParser::words, &RowParser::sight, &RowParser::means,
                            &RowParser::past, &RowParser::wanted}) {
      if (const auto status = (this->*part)(); !status) {
        return status.error();
      }
    }
    return std::move(row_);
  }

private:
  [[nodiscard]] Error wrong(const std::string &what, const std::string &hint) const {
    return Error{where_ + ": " + what, hint};
  }
  [[nodiscard]] bool has(const char *key) const { return json_.contains(key) && !json_.at(key).is_null(); }
  [[nodiscard]] fs::path resolved(const std::string &name) const {
    return (folder_ / fs::path(name)).lexically_normal();
  }

  // The text under `key`, "" where it is absent.
  Status text(const char *key, std::string &out) const {
    if (!has(key)) {
      return {};
    }
    if (!json_.at(key).is_string()) {
      return wrong("\"" + std::string(key) + "\" must be a text", "");
    }
    out = json_.at(key).get<std::string>();
    return out.size() <= kMaxTextBytes ? Status{} : wrong("\"" + std::string(key) + "\" is longer than 64 KiB", "");
  }

  Status path(const char *key, fs::path &out) const {
    std::string name;
    auto status = text(key, name);
    if (status && !name.empty()) {
      out = resolved(name);
    }
    return status;
  }

  Status names() {
    if (has("id")) {
      const auto &id = json_.at("id");
      if (!id.is_string() && !id.is_number()) {
        return wrong("\"id\" must be a text or a number", "");
      }
      row_.id = id.is_string() ? id.get<std::string>() : id.dump();
    }
    std::string lang;
    if (auto status = text("lang", lang); !status) {
      return status;
    }
    if (lang == "zh" || lang.starts_with("zh-")) {
      row_.language = Language::kChinese;
    } else if (lang == "en" || lang.starts_with("en-")) {
      row_.language = Language::kEnglish;
    } else if (!lang.empty() && lang != "auto") {
      return wrong("\"lang\" must be \"zh\", \"en\" or \"auto\", not \"" + lang + "\"", "");
    }
    return {};
  }

  Status words() {
    if (auto status = text("transcript", row_.transcript); !status) {
      return status;
    }
    if (auto status = path("audio", row_.audio); !status) {
      return status;
    }
    return row_.transcript.empty() && row_.audio.empty()
               ? wrong("a row needs a \"transcript\" or an \"audio\" file", "")
               : Status{};
  }

  Status sight() {
    if (auto status = path("screenshot", row_.screenshot); !status) {
      return status;
    }
    if (!has("screen")) {
      return {};
    }
    auto screen = json_.at("screen");
    auto where = where_ + ": \"screen\"";
    if (screen.is_string()) {
      const auto file = resolved(screen.get<std::string>());
      if (file.extension() != ".json") { // a picture
        row_.screenshot = file;
        return {};
      }
      auto read = read_json_file(file);
      if (!read) {
        return wrong(read.error().what, read.error().hint);
      }
      screen = std::move(*read);
      where = where_ + ": " + file.string();
    }
    if (const auto checked = screen_from_json(screen, where); !checked) {
      return checked.error();
    }
    row_.screen = std::move(screen);
    return {};
  }

  Status means() {
    if (has("actions")) {
      row_.actions = json_.at("actions");
      if (row_.actions.is_string()) {
        row_.actions = resolved(row_.actions.get<std::string>()).string();
      } else if (!row_.actions.is_array() && !row_.actions.is_object()) {
        return wrong("\"actions\" must be a folder, a file or a tools array", "");
      }
    }
    if (!has("contacts")) {
      return {};
    }
    const auto &contacts = json_.at("contacts");
    auto people = contacts.is_string() ? action::read_contacts(resolved(contacts.get<std::string>()))
                                       : contacts_from_json(contacts, where_ + ": \"contacts\"");
    if (!people) {
      return people.error();
    }
    row_.contacts = std::move(*people);
    return {};
  }

  Status past() {
    if (!has("history")) {
      return {};
    }
    const auto &history = json_.at("history");
    const bool turns = history.is_array() && std::all_of(history.begin(), history.end(), [](const Json &turn) {
                         return turn.is_object() && turn.contains("transcript") && turn.at("transcript").is_string();
                       });
    if (!turns) {
      return wrong(R"("history" must be a list of {"transcript":"…","action":{…}})", "");
    }
    for (const auto &turn : history) {
      row_.history.push_back(
          {string_or_empty(turn, "transcript"), turn.contains("action") ? dump(turn.at("action")) : ""});
    }
    return {};
  }

  Status wanted() {
    if (has("action")) {
      auto gold = gold_from_json(json_.at("action"), where_);
      if (!gold) {
        return gold.error();
      }
      auto box = box_from_json(json_.value("gold_box", Json()), where_ + ": \"gold_box\"");
      if (!box) {
        return box.error();
      }
      gold->box = *box;
      row_.gold = std::move(*gold);
    }
    if (has("text")) {
      std::string words;
      if (auto status = text("text", words); !status) {
        return status;
      }
      row_.gold_text = std::move(words);
    }
    return {};
  }

  const Json &json_;
  const fs::path &folder_;
  const std::string &where_;
  Row row_;
};

} // namespace

Result<Row> row_from_json(const Json &json, const fs::path &folder, const std::string &where) {
  return RowParser(json, folder, where).parse();
}

DatasetReader::DatasetReader(std::ifstream stream, fs::path file)
    : stream_(std::move(stream)), file_(std::move(file)) {}

Result<DatasetReader> DatasetReader::open(const fs::path &jsonl) {
  std::error_code code;
  errno = 0;
  std::ifstream stream(jsonl, std::ios::binary);
  if (!stream || fs::is_directory(jsonl, code)) {
    const std::string reason = fs::is_directory(jsonl, code) ? "it is a folder" : std::strerror(errno);
    return Error{"cannot read the dataset " + jsonl.string() + ": " + reason,
                 "Give --dataset FILE.jsonl, one JSON object a line"};
  }
  return DatasetReader(std::move(stream), jsonl);
}

// Never more than kMaxLineBytes in memory, whatever the file holds.
DatasetReader::Line DatasetReader::read_line(std::string &text) {
  text.clear();
  auto *buffer = stream_.rdbuf();
  bool any = false;
  for (int c = buffer->sbumpc(); c != std::char_traits<char>::eof(); c = buffer->sbumpc()) {
    any = true;
    if (c == '\n') {
      break;
    }
    if (text.size() <= kMaxLineBytes) {
      text += static_cast<char>(c);
    }
  }
  return !any ? Line::kEnd : text.size() > kMaxLineBytes ? Line::kTooLong : Line::kRead;
}

std::optional<Result<Row>> DatasetReader::next() {
  static constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::string text;
  for (auto read = read_line(text); read != Line::kEnd; read = read_line(text)) {
    ++line_;
    const auto where = file_.string() + ":" + std::to_string(line_);
    if (read == Line::kTooLong) {
      return Error{where + ": the row is longer than 16 MiB", "Put the screen into a file and name it"};
    }
    std::string_view row = text;
    if (line_ == 1 && row.starts_with(kByteOrderMark)) {
      row.remove_prefix(kByteOrderMark.size());
    }
    if (row.find_first_not_of(" \t\r") == std::string_view::npos) {
      continue;
    }
    if (nesting(row) > kMaxDepth) {
      return Error{where + ": the row is nested more than 200 deep", ""};
    }
    Json json = Json::parse(row, nullptr, false);
    if (json.is_discarded()) {
      return Error{where + ": expected one JSON object in this line",
                   "A row stands in one line, see README, \"Evaluate\""};
    }
    auto parsed = row_from_json(json, file_.parent_path(), where);
    if (parsed && parsed->id.empty()) {
      parsed->id = "row " + std::to_string(line_);
    }
    return parsed;
  }
  return std::nullopt;
}

} // namespace yanxing::eval
