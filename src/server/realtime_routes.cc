// /v1/realtime (WebSocket) and /v1/turns (server-sent events).
#include "server/errors.h"
#include "server/realtime_session.h"
#include "server/service.h"

#include <charconv>

namespace yanxing::server {
namespace {

void converse(Service &service, const Request &request, Socket &socket) {
  const auto model = request.query.find("model");
  const bool beta = request.header("openai-beta").find("realtime") != std::string::npos ||
                    request.header("sec-websocket-protocol").find("openai-beta.realtime") != std::string::npos;
  RealtimeSession session(service, model == request.query.end() ? "" : model->second, beta,
                          [&socket](const Json &event) { return socket.send(dump(event)); });
  session.greet();
  constexpr int kLookUpMs = 1000; // from waiting, to see whether the server ends
  for (std::string message;;) {
    switch (socket.read(message, kLookUpMs)) {
    case Socket::Read::kText:
      session.handle(message);
      break;
    case Socket::Read::kBinary:
      (void)socket.send(
          dump({{"type", "error"},
                {"error", {{"type", "invalid_request_error"}, {"message", "events are JSON texts, not bytes"}}}}));
      break;
    case Socket::Read::kTimeout:
      break;
    case Socket::Read::kClosed:
      return;
    }
  }
}

Response turns(Service &service, const Request &request) {
  std::uint64_t after = service.turns.latest();
  if (const auto last = request.header("last-event-id"); !last.empty()) {
    std::uint64_t number = 0;
    if (std::from_chars(last.data(), last.data() + last.size(), number).ec == std::errc() && number < after) {
      after = number;
    }
  }
  Response response;
  response.content_type = "text/event-stream";
  response.next = [&service, gone = request.gone, after, greeted = false](std::string &piece) mutable {
    if (!greeted) { // headers are on their way, so that the client knows it is heard
      greeted = true;
      piece = ": turns follow\n\n";
      return true;
    }
    constexpr int kWaitMs = 1000;
    constexpr int kWaitsBetweenSigns = 15;
    for (int waited = 0; waited < kWaitsBetweenSigns; ++waited) {
      auto [number, event] = service.turns.next(after, kWaitMs);
      if (!event.empty()) {
        after = number;
        piece = std::move(event);
        return true;
      }
      if (gone()) {
        return false;
      }
    }
    piece = ": still here\n\n";
    return true;
  };
  return response;
}

} // namespace

void add_realtime_routes(HttpServer &http, Service &service) {
  http.handle_socket("/v1/realtime",
                     [&service](const Request &request, Socket &socket) { converse(service, request, socket); });
  http.handle("GET", "/v1/turns", [&service](const Request &request) { return turns(service, request); });
}

} // namespace yanxing::server
