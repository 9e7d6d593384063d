// The HTTP layer: requests in, responses or streams out, WebSockets, keys, limits. The only includer of the HTTP
// library on the serving side; handlers know neither sockets nor its types.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace yanxing::server {

// A file of a multipart form.
struct Upload {
  std::string name;
  std::string content_type;
  std::string content;
};

struct Request {
  std::string method;
  std::string path;
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers; // names in lower case
  std::string body;
  std::multimap<std::string, std::string> fields; // of a multipart form
  std::map<std::string, Upload> files;            // of a multipart form
  bool has_key = false;                           // it showed a key that is known here
  int peer_port = 0;                              // of the connection, at its other end
  int own_port = 0;                               // and at this one
  // Whether nobody waits for the answer any more: the client hung up, its time is over, or the server stops. True once
  // it has been true. To be asked from the thread that handles the request.
  std::function<bool()> gone = [] { return false; };

  [[nodiscard]] std::string header(const std::string &lower_case_name) const;
  [[nodiscard]] std::string field(const std::string &name) const; // "" where it is absent
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // A stream: called again and again, on one thread, for the next piece, until it returns false (the piece of that last
  // call is sent too). Destroyed when all is sent or the client has gone.
  std::function<bool(std::string &piece)> next;
};

using Handler = std::function<Response(const Request &)>;

// One WebSocket. send() may be called from any thread, read() from the handler's own.
class Socket {
public:
  virtual ~Socket() = default;
  enum class Read { kText, kBinary, kTimeout, kClosed };
  virtual Read read(std::string &message, int timeout_ms) = 0;
  virtual bool send(const std::string &text) = 0; // false where the peer has gone
  virtual void close(const std::string &reason) = 0;
};
using SocketHandler = std::function<void(const Request &, Socket &)>; // the socket closes when it returns

struct HttpSettings {
  std::string host = "127.0.0.1";
  int port = 8080;                          // 0: any that is free
  std::vector<std::string> api_keys;        // empty: nobody is asked
  std::vector<std::string> allowed_origins; // web pages of other origins that may call, e.g. https://app.example
  std::filesystem::path certificate;        // PEM; with `key`: TLS
  std::filesystem::path key;
  std::size_t max_body_bytes = std::size_t{64} << 20;
  int max_connections = 2048; // each holds a thread while it is open; more are turned away
  int idle_s = 10;            // of silence in the middle of a request, or while an answer cannot be sent
  int request_s = 600;        // then gone() is true
  int grace_s = 10;           // that running requests have once stop() was called
};

enum class Access { kKey, kOpen };

// How many requests there were, for /metrics. Thread-safe.
class Traffic {
public:
  virtual ~Traffic() = default;
  virtual void begin() = 0;
  virtual void end(const std::string &route, int status, double seconds) = 0;
};

class HttpServer {
public:
  // Errors: a certificate that cannot be read, a port that is taken or may not be used. The port is bound, so that
  // clients wait in line, but nothing is answered before run().
  static Result<std::unique_ptr<HttpServer>> open(const HttpSettings &settings, Traffic *traffic = nullptr);
  virtual ~HttpServer() = default;

  // Before run(). A handler that throws gives status 500. `path` may end in a parameter: "/v1/models/:model".
  virtual void handle(const std::string &method, const std::string &path, Handler handler,
                      Access access = Access::kKey) = 0;
  virtual void handle_socket(const std::string &path, SocketHandler handler) = 0;

  [[nodiscard]] virtual int port() const = 0;        // the real one
  [[nodiscard]] virtual std::string url() const = 0; // http://127.0.0.1:8080
  virtual void run() = 0;                            // until stop(), and until the last request is answered
  // From any thread; returns at once. Requests that run have grace_s to end; none where `cut_off`.
  virtual void stop(bool cut_off = false) = 0;
  [[nodiscard]] virtual bool stopping() const = 0;
};

// Equal, in a time that does not tell where they differ.
bool same_secret(std::string_view left, std::string_view right);

} // namespace yanxing::server
