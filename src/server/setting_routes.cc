// What can be set from the page: a few keys of config.toml; and what there is to choose from: the catalog, voices.
#include "base/config.h"
#include "base/files.h"
#include "base/paths.h"
#include "catalog/catalog.h"
#include "server/errors.h"
#include "server/owner.h"
#include "server/page_routes.h"
#include "server/settings_text.h"

#include <algorithm>
#include <mutex>
#include <set>

namespace yanxing::server {
namespace {

namespace fs = std::filesystem;

// Where mail goes and as whom is not for a page to change; nor is what it may read.
const std::set<std::string, std::less<>> kChangeable{"language", "threads",   "endpoint_ms", "light",
                                                     "large",    "use_large", "voice_zh",    "voice_en"};

fs::path settings_file() { return config_folder() / "config.toml"; }

Json voices() {
  Json names = Json::array();
  std::error_code code;
  for (const auto &entry : fs::directory_iterator(models_folder() / "kokoro" / "voices", code)) {
    names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Response show() {
  auto settings = load_settings(settings_file());
  if (!settings) {
    return error_response(503, settings.error());
  }
  Json values = Json::object();
  settings->for_each_setting([&](const char *key, const auto &value) {
    if (kChangeable.contains(key)) {
      values[key] = value;
    }
  });
  return json_response(
      {{"settings", values},
       {"file", settings_file().string()},
       {"mail", settings->smtp_url.empty() ? (state_folder() / "outbox").string() : settings->smtp_url},
       {"voices", voices()}});
}

// Written only where the file that comes of it can be read as a whole.
Response change(std::mutex &mutex, const Request &request) {
  auto [body, wrong] = parse_body(request.body);
  if (wrong) {
    return *wrong;
  }
  const std::lock_guard lock(mutex);
  std::error_code code;
  auto text = fs::exists(settings_file(), code) ? read_file(settings_file(), 1 << 20) : Result<std::string>("");
  if (!text) {
    return error_response(503, text.error());
  }
  for (const auto &[key, value] : body.items()) {
    if (!kChangeable.contains(key)) {
      return error_response(400, "'" + key + "' cannot be set from here", "", key);
    }
    if (!value.is_string() && !value.is_boolean() && !value.is_number_integer()) {
      return error_response(400, "'" + key + "' must be a text, a whole number, true or false", "", key);
    }
    *text = with_setting(*text, key, value);
  }
  const auto trial = settings_file().string() + ".trial";
  if (auto written = write_file(trial, *text, 0600); !written) {
    return error_response(503, written.error());
  }
  const auto read = load_settings(trial);
  fs::remove(trial, code);
  if (!read) {
    return error_response(400, read.error());
  }
  const auto written = write_file(settings_file(), *text, 0600);
  return written ? show() : error_response(503, written.error());
}

Response all_models() {
  const auto known = catalog::load_catalog(share_folder() / "assets" / "catalog.json");
  if (!known) {
    return error_response(503, known.error());
  }
  Json models = Json::array();
  for (const auto &model : *known) {
    models.push_back({{"name", model.name},
                      {"role", model.role},
                      {"can", model.can},
                      {"licence", model.licence},
                      {"summary", model.summary},
                      {"bytes", catalog::size_bytes(model)},
                      {"default", model.by_default},
                      {"installed", catalog::installed(model)}});
  }
  return json_response({{"models", models}});
}

} // namespace

void add_setting_routes(HttpServer &http, Service & /*service*/) {
  auto mutex = std::make_shared<std::mutex>();
  http.handle("GET", "/v1/settings", for_owner([](const Request & /*unused*/) { return show(); }));
  http.handle("POST", "/v1/settings", for_owner([mutex](const Request &request) { return change(*mutex, request); }));
  http.handle("GET", "/v1/catalog", for_owner([](const Request & /*unused*/) { return all_models(); }));
}

} // namespace yanxing::server
