// The server as a whole: its routes, its life from the first byte to the last.
#pragma once

#include "server/service.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace yanxing::server {

struct Ready {
  std::string url;
  int port = 0;
  std::vector<std::string> models; // in memory
};

struct ServerOptions {
  HttpSettings http;
  std::filesystem::path api_key_file; // one key a line; empty: none
  std::vector<std::string> allow_url;
  std::vector<std::string> allow_files;
  std::vector<std::string> load; // models to have in memory before the first request
  std::function<void(const Ready &)> on_ready;
};

// Serves until SIGTERM or SIGINT, then lets running requests end (HttpSettings::grace_s); a second signal cuts them
// off. Errors: the port is taken, a model cannot be loaded, bad certificate or key file.
Status serve(Service &service, const ServerOptions &options);

// All routes, in order.
void add_routes(HttpServer &http, Service &service);

} // namespace yanxing::server
