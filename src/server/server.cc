#include "server/server.h"

#include "base/files.h"
#include "base/log.h"

#include <array>
#include <csignal>
#include <sstream>
#include <thread>

#include <pthread.h>

namespace yanxing::server {
namespace {

// Signals as something that a thread waits for. To be made before any other thread, which then leaves them alone.
class EndSignals {
public:
  EndSignals() {
    sigemptyset(&signals_);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR2}) {
      sigaddset(&signals_, signal);
    }
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  EndSignals(const EndSignals &) = delete;
  EndSignals &operator=(const EndSignals &) = delete;
  ~EndSignals() {
    if (thread_.joinable()) {
      pthread_kill(thread_.native_handle(), SIGUSR2); // nothing to wait for any more
      thread_.join();
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

  // `on_signal` is told how many came so far.
  void watch(std::function<void(int)> on_signal) {
    thread_ = std::thread([this, on_signal = std::move(on_signal)] {
      int count = 0;
      for (int signal = 0; sigwait(&signals_, &signal) == 0 && signal != SIGUSR2;) {
        on_signal(++count);
      }
    });
  }

private:
  sigset_t signals_{};
  sigset_t before_{};
  std::thread thread_;
};

Status read_keys(const std::filesystem::path &file, std::vector<std::string> &keys) {
  const auto text = read_file(file, 1 << 20);
  if (!text) {
    return text.error();
  }
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
      line.pop_back();
    }
    if (!line.empty()) {
      keys.push_back(line);
    }
  }
  return keys.empty() ? Status(Error{"the key file " + file.string() + " has no key", "Write one a line"}) : Status();
}

bool is_loopback(const std::string &host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

} // namespace

void add_routes(HttpServer &http, Service &service) {
  add_service_routes(http, service);
  add_text_routes(http, service);
  add_decide_routes(http, service);
  add_audio_routes(http, service);
  add_realtime_routes(http, service);
  add_page_routes(http, service);
}

Status serve(Service &service, const ServerOptions &options) {
  auto settings = options.http;
  if (!options.api_key_file.empty()) {
    if (auto read = read_keys(options.api_key_file, settings.api_keys); !read) {
      return read;
    }
  }
  if (settings.api_keys.empty() && !is_loopback(settings.host)) {
    log_warning("anybody who reaches " + settings.host + " may use this server: give --api-key");
  }
  EndSignals signals;
  auto http = HttpServer::open(settings, &service.counters); // first: a port that is taken is said at once
  if (!http) {
    return http.error();
  }
  for (const auto &model : options.load) {
    if (auto loaded = service.models.load(model); !loaded) {
      return loaded;
    }
  }
  add_routes(**http, service);
  signals.watch([&http](int count) {
    log_info(count == 1 ? "ending: running requests are finished first" : "ending now");
    (*http)->stop(count > 1);
  });
  if (options.on_ready) {
    Ready ready{(*http)->url(), (*http)->port(), {}};
    for (const auto &model : service.models.loaded()) {
      ready.models.push_back(model->settings().name);
    }
    options.on_ready(ready);
  }
  (*http)->run();
  return {};
}

} // namespace yanxing::server
