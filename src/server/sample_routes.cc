// Samples to learn from: files of JSON lines, browsed and added to. What the user put right in a turn becomes one.
#include "base/files.h"
#include "base/paths.h"
#include "server/errors.h"
#include "server/owner.h"
#include "server/page_routes.h"
#include "server/samples.h"

#include <algorithm>
#include <charconv>
#include <mutex>

namespace yanxing::server {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargest = 256ULL << 20U;

bool is_plain(const std::string &name) {
  constexpr std::size_t kLongest = 100;
  constexpr std::string_view kEnding = ".jsonl";
  return name.size() > kEnding.size() && name.size() <= kLongest && name.ends_with(kEnding) && name.front() != '.' &&
         name.front() != '-' && std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                  c == '.';
         });
}

std::string query(const Request &request, const char *name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? "" : found->second;
}

std::size_t number(const Request &request, const char *name, std::size_t usual, std::size_t most) {
  const auto text = query(request, name);
  std::size_t value = usual;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::min(value, most);
}

Response list() {
  Json files = Json::array();
  std::error_code code;
  for (const auto &entry : fs::directory_iterator(samples_folder(), code)) {
    const auto name = entry.path().filename().string();
    const auto text = is_plain(name) ? read_file(entry.path(), kLargest) : Result<std::string>(Error{});
    if (text) {
      files.push_back(
          {{"name", name}, {"rows", std::count(text->begin(), text->end(), '\n')}, {"bytes", text->size()}});
    }
  }
  std::sort(files.begin(), files.end(), [](const Json &a, const Json &b) { return a["name"] < b["name"]; });
  return json_response({{"files", files}, {"folder", samples_folder().string()}});
}

// Some rows of one file, those that hold the words `find`.
Response rows(const Request &request) {
  const auto file = samples_file(query(request, "name"));
  if (!file) {
    return error_response(404, file.error());
  }
  const auto text = read_file(*file, kLargest);
  if (!text) {
    return error_response(503, text.error());
  }
  const auto from = number(request, "from", 0, SIZE_MAX);
  const auto count = number(request, "count", 20, 200);
  const auto words = query(request, "find");
  Json found = Json::array();
  std::size_t matching = 0;
  for (std::size_t at = 0; at < text->size();) {
    const auto end = std::min(text->find('\n', at), text->size());
    const auto line = std::string_view(*text).substr(at, end - at);
    at = end + 1;
    if (line.empty() || line.find(words) == std::string_view::npos) {
      continue;
    }
    if (matching >= from && found.size() < count) {
      auto row = parse_json(line, "row");
      found.push_back(row ? std::move(*row) : Json{{"error", row.error().message()}});
    }
    ++matching;
  }
  return json_response({{"rows", found}, {"from", from}, {"matching", matching}});
}

// {"transcript", "action", "screen"?}: one sample in DESIGN's shape, added to corrections.jsonl.
Response add(std::mutex &mutex, const Request &request) {
  auto [body, wrong] = parse_body(request.body);
  if (wrong) {
    return *wrong;
  }
  const auto transcript = string_or_empty(body, "transcript");
  if (transcript.empty() || !body.contains("action")) {
    return error_response(400, "'transcript' and 'action' make a sample");
  }
  const auto actions = actions_from_json(body["action"], "'action'");
  if (!actions) {
    return error_response(400, actions.error());
  }
  Json sample{{"transcript", transcript}};
  if (body.contains("screen") && body["screen"].is_object()) {
    const auto screen = screen_from_json(body["screen"], "'screen'");
    if (!screen) {
      return error_response(400, screen.error());
    }
    sample["screen"] = to_json(*screen);
  }
  sample["action"] = body["action"];
  const std::lock_guard lock(mutex);
  const auto file = samples_folder() / "corrections.jsonl";
  const auto before = read_file(file, kLargest);
  const auto written = write_file(file, (before ? *before : "") + dump(sample) + "\n", 0600);
  return written ? json_response({{"ok", true}}) : error_response(503, written.error());
}

// The lines of a file that the user has; each must be a JSON object.
Response upload(std::mutex &mutex, const Request &request) {
  const auto name = query(request, "name");
  if (!is_plain(name)) {
    return error_response(400, "the name must be letters, digits, dots, - and _, and end in .jsonl");
  }
  std::size_t number = 0;
  for (std::size_t at = 0; at < request.body.size();) {
    const auto end = std::min(request.body.find('\n', at), request.body.size());
    const auto line = std::string_view(request.body).substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
      continue;
    }
    const auto row = parse_json(line, "line " + std::to_string(number));
    if (!row || !row->is_object()) {
      return error_response(400, row ? "line " + std::to_string(number) + " is no object" : row.error().message());
    }
  }
  const std::lock_guard lock(mutex);
  const auto written =
      write_file(samples_folder() / name, request.body + (request.body.ends_with('\n') ? "" : "\n"), 0600);
  return written ? json_response({{"ok", true}, {"rows", number}}) : error_response(503, written.error());
}

} // namespace

fs::path samples_folder() { return state_folder() / "samples"; }

Result<fs::path> samples_file(const std::string &name) {
  std::error_code code;
  const auto file = samples_folder() / name;
  if (!is_plain(name) || !fs::is_regular_file(file, code)) {
    return Error{"there are no samples \"" + name + "\"", ""};
  }
  return file;
}

void add_sample_routes(HttpServer &http, Service & /*service*/) {
  auto mutex = std::make_shared<std::mutex>();
  http.handle("GET", "/v1/samples", for_owner([](const Request & /*unused*/) { return list(); }));
  http.handle("POST", "/v1/samples", for_owner([mutex](const Request &request) { return add(*mutex, request); }));
  http.handle("GET", "/v1/samples/:name", for_owner(rows));
  http.handle("POST", "/v1/samples/:name",
              for_owner([mutex](const Request &request) { return upload(*mutex, request); }));
  http.handle("DELETE", "/v1/samples/:name", for_owner([mutex](const Request &request) {
                const std::lock_guard lock(*mutex);
                const auto file = samples_file(query(request, "name"));
                std::error_code code;
                return file && fs::remove(*file, code) ? json_response({{"ok", true}})
                                                       : error_response(404, "there are no such samples");
              }));
}

} // namespace yanxing::server
