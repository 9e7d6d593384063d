#include "server/http.h"

#include "base/log.h"
#include "server/connection_threads.h"
#include "server/errors.h"

#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>

namespace yanxing::server {
namespace {

using Clock = std::chrono::steady_clock;

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// "localhost" of "localhost:8080", "::1" of "[::1]:8080".
std::string host_of(const std::string &authority) {
  if (authority.starts_with('[')) {
    return authority.substr(1, authority.find(']') - 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool is_loopback(const std::string &host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

// The key that a client shows: as OpenAI's clients do, as Anthropic's, as a browser that asked for a password, or as a
// browser's WebSocket, which can send no header but its subprotocols.
std::string shown_key(const httplib::Request &request) {
  const auto authorization = request.get_header_value("Authorization");
  if (authorization.starts_with("Bearer ")) {
    return authorization.substr(7);
  }
  if (const auto key = request.get_header_value("x-api-key"); !key.empty()) {
    return key;
  }
  if (authorization.starts_with("Basic ")) {
    const auto pair = decode_base64(authorization.substr(6)).value_or("");
    return pair.substr(std::min(pair.size(), pair.find(':') + 1));
  }
  constexpr std::string_view kSubprotocol = "openai-insecure-api-key.";
  const auto protocols = request.get_header_value("Sec-WebSocket-Protocol");
  if (const auto found = protocols.find(kSubprotocol); found != std::string::npos) {
    const auto key = protocols.substr(found + kSubprotocol.size());
    return key.substr(0, key.find_first_of(", "));
  }
  return {};
}

Request converted(const httplib::Request &from) {
  Request request;
  request.method = from.method;
  request.path = from.path;
  for (const auto &[name, value] : from.params) {
    request.query.emplace(name, value);
  }
  for (const auto &[name, value] : from.path_params) {
    request.query.emplace(name, value);
  }
  for (const auto &[name, value] : from.headers) {
    request.headers.emplace(lower_case(name), value);
  }
  request.body = from.body;
  request.peer_port = from.remote_port;
  request.own_port = from.local_port;
  for (const auto &[name, field] : from.form.fields) {
    request.fields.emplace(name, field.content);
  }
  for (const auto &[name, file] : from.form.files) {
    request.files.emplace(name, Upload{file.filename, file.content_type, file.content});
  }
  return request;
}

class LibrarySocket : public Socket {
public:
  LibrarySocket(httplib::ws::WebSocket &socket, const std::function<bool()> &gone) : socket_(socket), gone_(gone) {}

  Read read(std::string &message, int timeout_ms) override {
    if (gone_()) {
      return Read::kClosed;
    }
    socket_.set_read_timeout(std::chrono::milliseconds(timeout_ms));
    switch (socket_.read(message)) {
    case httplib::ws::ReadResult::Text:
      return Read::kText;
    case httplib::ws::ReadResult::Binary:
      return Read::kBinary;
    case httplib::ws::ReadResult::Timeout:
      return Read::kTimeout;
    default:
      return Read::kClosed;
    }
  }
  bool send(const std::string &text) override { return socket_.is_open() && socket_.send(text); }
  void close(const std::string &reason) override { socket_.close(httplib::ws::CloseStatus::Normal, reason); }

private:
  httplib::ws::WebSocket &socket_;
  std::function<bool()> gone_;
};

// What is known of a request between its arrival and its last byte.
struct Visit {
  Traffic *traffic = nullptr;
  std::string route;
  int status = 0;
  Clock::time_point started = Clock::now();
  std::atomic<bool> gone{false};

  Visit(Traffic *counted, std::string matched) : traffic(counted), route(std::move(matched)) {
    if (traffic != nullptr) {
      traffic->begin();
    }
  }
  Visit(const Visit &) = delete;
  Visit &operator=(const Visit &) = delete;
  ~Visit() {
    if (traffic != nullptr) {
      traffic->end(route, status, std::chrono::duration<double>(Clock::now() - started).count());
    }
  }
};

class LibraryServer : public HttpServer {
public:
  LibraryServer(const HttpSettings &settings, Traffic *traffic, std::unique_ptr<httplib::Server> server)
      : settings_(settings), traffic_(traffic), server_(std::move(server)) {
    const auto most = static_cast<std::size_t>(std::max(settings_.max_connections, 1));
    server_->new_task_queue = [most] { return new ConnectionThreads(most); };
    server_->set_payload_max_length(settings_.max_body_bytes);
    server_->set_read_timeout(settings_.idle_s);
    server_->set_write_timeout(settings_.idle_s);
    server_->set_keep_alive_timeout(settings_.idle_s);
    server_->set_tcp_nodelay(true);
    server_->set_pre_routing_handler([this](const httplib::Request &request, httplib::Response &response) {
      return admit(request, response) ? httplib::Server::HandlerResponse::Unhandled
                                      : httplib::Server::HandlerResponse::Handled;
    });
    server_->set_error_handler([](const httplib::Request &request, httplib::Response &response) {
      if (response.body.empty()) {
        answer(error_response(response.status, what_went_wrong(request, response.status)), response);
      }
    });
    server_->set_exception_handler(
        [](const httplib::Request & /*unused*/, httplib::Response &response, const std::exception_ptr &thrown) {
          answer(error_response(500, message_of(thrown)), response);
        });
  }

  bool bind() {
    server_->set_socket_options([](socket_t socket) { // the library's own would share a port that is in use
      httplib::set_socket_opt(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    });
    const bool any = settings_.port == 0;
    port_ = any ? server_->bind_to_any_port(settings_.host) : settings_.port;
    return any ? port_ > 0 : server_->bind_to_port(settings_.host, settings_.port);
  }

  void handle(const std::string &method, const std::string &path, Handler handler, Access access) override {
    if (access == Access::kOpen) {
      open_.insert(path);
    }
    auto serve = [this, path, handler = std::move(handler)](const httplib::Request &from, httplib::Response &to) {
      auto visit = std::make_shared<Visit>(traffic_, path);
      auto request = converted(from);
      request.has_key = is_known(shown_key(from));
      request.gone = gone_of(from, visit);
      Response response;
      try {
        response = handler(request);
      } catch (const std::exception &thrown) {
        log_warning(path + ": " + thrown.what());
        response = error_response(500, std::string("internal error: ") + thrown.what());
      }
      visit->status = response.status;
      send(std::move(response), to, visit);
    };
    if (method == "GET") {
      server_->Get(path, std::move(serve));
    } else if (method == "DELETE") {
      server_->Delete(path, std::move(serve));
    } else {
      server_->Post(path, std::move(serve));
    }
  }

  void handle_socket(const std::string &path, SocketHandler handler) override {
    const auto serve = [this, path, handler = std::move(handler)](const httplib::Request &from,
                                                                  httplib::ws::WebSocket &raw) {
      auto visit = std::make_shared<Visit>(traffic_, path);
      visit->status = 101;
      const auto request = converted(from);
      LibrarySocket socket(raw, [this] { return stopping_.load(); });
      handler(request, socket);
    };
    // A browser offers subprotocols, one of which may carry the key; OpenAI's is the one to speak.
    server_->WebSocket(path, serve, [](const std::vector<std::string> &offered) {
      return std::find(offered.begin(), offered.end(), "realtime") == offered.end() ? std::string() : "realtime";
    });
  }

  [[nodiscard]] int port() const override { return port_; }
  [[nodiscard]] std::string url() const override {
    const bool six = settings_.host.find(':') != std::string::npos;
    return std::string(settings_.certificate.empty() ? "http" : "https") + "://" +
           (six ? "[" + settings_.host + "]" : settings_.host) + ":" + std::to_string(port_);
  }
  void run() override { server_->listen_after_bind(); }
  void stop(bool cut_off) override {
    const auto grace = std::chrono::seconds(cut_off ? 0 : settings_.grace_s);
    last_call_ = (Clock::now() + grace).time_since_epoch().count();
    stopping_ = true;
    server_->stop();
  }
  [[nodiscard]] bool stopping() const override { return stopping_; }

private:
  static std::string message_of(const std::exception_ptr &thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception &known) {
      return std::string("internal error: ") + known.what();
    } catch (...) {
      return "internal error";
    }
  }

  static std::string what_went_wrong(const httplib::Request &request, int status) {
    switch (status) {
    case 404:
      return "there is no " + request.method + " " + request.path + "; see /openapi.json";
    case 413:
      return "the body is larger than this server takes (--max-body)";
    case 415:
      return "bodies in this content encoding are not read; send them plain";
    default:
      return "the request could not be read";
    }
  }

  static void answer(Response from, httplib::Response &to) {
    to.status = from.status;
    for (const auto &[name, value] : from.headers) {
      to.set_header(name, value);
    }
    to.set_content(std::move(from.body), from.content_type);
  }

  void send(Response from, httplib::Response &to, const std::shared_ptr<Visit> &visit) {
    if (!from.next) {
      answer(std::move(from), to);
      return;
    }
    to.status = from.status;
    for (const auto &[name, value] : from.headers) {
      to.set_header(name, value);
    }
    to.set_header("Cache-Control", "no-store");
    auto next = std::make_shared<std::function<bool(std::string &)>>(std::move(from.next));
    to.set_chunked_content_provider(
        from.content_type,
        [next, visit](std::size_t /*offset*/, httplib::DataSink &sink) {
          std::string piece;
          const bool more = (*next)(piece);
          if (!piece.empty() && !sink.write(piece.data(), piece.size())) {
            visit->gone = true;
            return false;
          }
          if (!more) {
            sink.done();
          }
          return true;
        },
        [next, visit](bool /*done*/) { *next = nullptr; });
  }

  std::function<bool()> gone_of(const httplib::Request &request, const std::shared_ptr<Visit> &visit) {
    const auto until = visit->started + std::chrono::seconds(settings_.request_s);
    return [this, visit, until, closed = request.is_connection_closed] {
      const auto now = Clock::now();
      if (!visit->gone && (now > until || (stopping_ && now.time_since_epoch().count() > last_call_) || closed())) {
        visit->gone = true;
      }
      return visit->gone.load();
    };
  }

  // Whether the request goes on to its handler; else it is answered here.
  bool admit(const httplib::Request &request, httplib::Response &response) {
    if (request.get_header_value_u64("Content-Length") > settings_.max_body_bytes) { // before it is read
      answer(error_response(413, what_went_wrong(request, 413)), response);
      response.set_header("Connection", "close");
      return false;
    }
    const auto origin = request.get_header_value("Origin");
    if (!is_known_origin(request, origin)) {
      answer(error_response(403, "web pages of " + (origin.empty() ? "that host" : origin) +
                                     " may not call this server; allow them with --allow-origin"),
             response);
      return false;
    }
    if (!origin.empty()) {
      response.set_header("Access-Control-Allow-Origin", origin);
      response.set_header("Vary", "Origin");
    }
    if (request.method == "OPTIONS") {
      response.set_header("Access-Control-Allow-Methods", "GET, POST, DELETE");
      response.set_header("Access-Control-Allow-Headers",
                          "authorization, content-type, x-api-key, anthropic-version, openai-beta");
      response.set_header("Access-Control-Max-Age", "600");
      response.status = 204;
      return false;
    }
    if (settings_.api_keys.empty() || open_.contains(request.path)) {
      return true;
    }
    const auto key = shown_key(request);
    const bool known = is_known(key);
    if (!known) {
      answer(error_response(401, key.empty() ? "no API key was given; send it as 'Authorization: Bearer KEY'"
                                             : "this API key is not known here"),
             response);
      const auto mode = request.get_header_value("Sec-Fetch-Mode");
      if (mode.empty() || mode == "navigate") { // our page asks for the key itself; the browser's box would cover it
        response.set_header("WWW-Authenticate", "Basic realm=\"yanxing (any name; the API key as password)\"");
      }
    }
    return known;
  }

  [[nodiscard]] bool is_known(const std::string &key) const {
    bool known = false;
    for (const auto &one : settings_.api_keys) {
      known = same_secret(one, key) || known;
    }
    return known;
  }

  // Without keys, what keeps foreign web pages out of a server on this machine: pages say where they come from, and a
  // page that has bent its own name to 127.0.0.1 still says that name.
  bool is_known_origin(const httplib::Request &request, const std::string &origin) const {
    const auto host = host_of(request.get_header_value("Host"));
    if (settings_.api_keys.empty() && is_loopback(settings_.host) && !is_loopback(host)) {
      return false;
    }
    const auto &allowed = settings_.allowed_origins;
    if (origin.empty() || std::find(allowed.begin(), allowed.end(), origin) != allowed.end() ||
        std::find(allowed.begin(), allowed.end(), "*") != allowed.end()) {
      return true;
    }
    const auto scheme = origin.find("://");
    return scheme != std::string::npos && origin.substr(scheme + 3) == request.get_header_value("Host");
  }

  HttpSettings settings_;
  Traffic *traffic_;
  std::unique_ptr<httplib::Server> server_;
  std::set<std::string> open_; // paths that need no key
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<Clock::rep> last_call_{0};
};

} // namespace

std::string Request::header(const std::string &lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string() : found->second;
}

std::string Request::field(const std::string &name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

bool same_secret(std::string_view left, std::string_view right) {
  unsigned difference = left.size() == right.size() ? 0 : 1;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const unsigned char other = right.empty() ? 0 : static_cast<unsigned char>(right[i % right.size()]);
    difference |= static_cast<unsigned char>(left[i]) ^ other;
  }
  return difference == 0;
}

Result<std::unique_ptr<HttpServer>> HttpServer::open(const HttpSettings &settings, Traffic *traffic) {
  std::unique_ptr<httplib::Server> server;
  if (settings.certificate.empty() != settings.key.empty()) {
    return Error{"TLS needs a certificate and its key", "Give both --tls-cert and --tls-key"};
  }
  if (settings.certificate.empty()) {
    server = std::make_unique<httplib::Server>();
  } else {
    server = std::make_unique<httplib::SSLServer>(settings.certificate.c_str(), settings.key.c_str());
    if (!server->is_valid()) {
      return Error{"the certificate " + settings.certificate.string() + " and the key " + settings.key.string() +
                       " cannot be used",
                   "Give PEM files that belong together"};
    }
  }
  auto opened = std::make_unique<LibraryServer>(settings, traffic, std::move(server));
  if (!opened->bind()) {
    return Error{"cannot listen on " + settings.host + " port " + std::to_string(settings.port),
                 "Another program may hold it: choose another --port, or 0 for any that is free"};
  }
  return std::unique_ptr<HttpServer>(std::move(opened));
}

} // namespace yanxing::server
