#include "server/page_routes.h"

#include "server/page.h"

namespace yanxing::server {
namespace {

// Nothing is loaded from elsewhere, no script stands in the page itself, nobody frames it. `blob:` is for the pictures
// and the speech that the page fetches with its key.
constexpr const char *kPolicy =
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' blob: data:; media-src blob:; connect-src 'self'; font-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

Response response_of(const PageFile &file) {
  Response response;
  response.content_type = file.content_type;
  response.body = file.content;
  response.headers = {
      {"X-Content-Type-Options", "nosniff"}, {"Referrer-Policy", "no-referrer"}, {"Content-Security-Policy", kPolicy}};
  const bool is_hashed = file.path.starts_with("/assets/"); // its name changes with its content
  response.headers.emplace_back("Cache-Control", is_hashed ? "public, max-age=31536000, immutable" : "no-cache");
  return response;
}

} // namespace

void add_page_routes(HttpServer &http, Service &service) {
  for (const auto &file : page_files()) { // without a key: it holds no secret, and is where one enters the key
    http.handle(
        "GET", std::string(file.path), [&file](const Request & /*unused*/) { return response_of(file); },
        Access::kOpen);
  }
  add_operate_routes(http, service);
  add_job_routes(http, service);
  add_sample_routes(http, service);
  add_setting_routes(http, service);
}

} // namespace yanxing::server
