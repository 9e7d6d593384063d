// The HTTP layer over real sockets, with handlers made for the occasion.
#include "server/http.h"

#include "server/errors.h"
#include "server/fetch.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace yanxing::server {
namespace {

class Running {
public:
  explicit Running(HttpSettings settings, const std::function<void(HttpServer &)> &routes) {
    settings.port = 0;
    auto opened = HttpServer::open(settings);
    EXPECT_TRUE(opened.ok()) << opened.error().message();
    server_ = std::move(*opened);
    routes(*server_);
    thread_ = std::thread([this] { server_->run(); });
  }
  Running(const Running &) = delete;
  Running &operator=(const Running &) = delete;
  ~Running() {
    server_->stop(true);
    thread_.join();
  }
  [[nodiscard]] HttpServer &server() const { return *server_; }
  [[nodiscard]] Incoming call(const std::string &method, const std::string &path, const std::string &body = "",
                              std::vector<std::pair<std::string, std::string>> headers = {}) const {
    Outgoing request;
    request.method = method;
    request.url = server_->url() + path;
    request.body = body;
    request.headers = std::move(headers);
    request.silence_s = 20;
    auto answer = fetch(request);
    EXPECT_TRUE(answer.ok()) << answer.error().message();
    return answer ? *answer : Incoming{};
  }

private:
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

void echo(HttpServer &http) {
  http.handle("POST", "/echo", [](const Request &request) { return json_response({{"body", request.body}}); });
  http.handle(
      "GET", "/health",
      [](const Request & /*unused*/) {
        return json_response({{"status", "ok"}});
      },
      Access::kOpen);
  http.handle("GET", "/throws", [](const Request & /*unused*/) -> Response { throw std::runtime_error("no luck"); });
}

std::string message_of(const Incoming &answer) {
  const auto json = parse_json(answer.body, "answer");
  return json && json->contains("error") ? string_or_empty((*json)["error"], "message") : "";
}

TEST(Http, AnswersAndSaysWhatIsWrong) {
  const Running running({}, echo);
  EXPECT_EQ(running.call("POST", "/echo", "hello").body, R"({"body":"hello"})");
  EXPECT_EQ(running.call("GET", "/absent").status, 404);
  EXPECT_NE(message_of(running.call("GET", "/absent")), "");
  const auto thrown = running.call("GET", "/throws");
  EXPECT_EQ(thrown.status, 500);
  EXPECT_NE(message_of(thrown).find("no luck"), std::string::npos);
}

TEST(Http, RefusesABodyThatIsTooLarge) {
  HttpSettings settings;
  settings.max_body_bytes = 1000;
  const Running running(settings, echo);
  EXPECT_EQ(running.call("POST", "/echo", std::string(1000, 'x')).status, 200);
  const auto refused = running.call("POST", "/echo", std::string(5000, 'x'));
  EXPECT_EQ(refused.status, 413);
  EXPECT_NE(message_of(refused), "");
}

TEST(Http, KeysGuardWhatIsNotOpen) {
  HttpSettings settings;
  settings.api_keys = {"first", "second"};
  const Running running(settings, echo);
  EXPECT_EQ(running.call("GET", "/health").status, 200);
  EXPECT_EQ(running.call("POST", "/echo", "x").status, 401);
  EXPECT_EQ(running.call("GET", "/absent").status, 401);
  EXPECT_EQ(running.call("POST", "/echo", "x", {{"Authorization", "Bearer wrong"}}).status, 401);
  EXPECT_EQ(running.call("POST", "/echo", "x", {{"Authorization", "Bearer second"}}).status, 200);
  EXPECT_EQ(running.call("POST", "/echo", "x", {{"x-api-key", "first"}}).status, 200);
  EXPECT_EQ(running.call("POST", "/echo", "x", {{"Authorization", "Basic " + encode_base64("me:first")}}).status, 200);
}

TEST(Http, KeepsForeignWebPagesOut) {
  const Running running({}, echo);
  EXPECT_EQ(running.call("GET", "/health", "", {{"Host", "evil.example"}}).status, 403) << "a name bent to 127.0.0.1";
  EXPECT_EQ(running.call("GET", "/health", "", {{"Origin", "https://evil.example"}}).status, 403);
  EXPECT_EQ(running.call("GET", "/health", "", {{"Origin", running.server().url()}}).status, 200);
}

TEST(Http, StreamsAndTellsTheHandlerThatTheClientLeft) {
  std::promise<void> left;
  const Running running({}, [&](HttpServer &http) {
    http.handle("GET", "/count", [&](const Request &request) {
      Response response;
      response.content_type = "text/plain";
      response.next = [&left, gone = request.gone, count = 0](std::string &piece) mutable {
        if (gone()) {
          left.set_value();
          return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        piece = std::to_string(count++) + " ";
        return true;
      };
      return response;
    });
  });
  Outgoing request;
  request.url = running.server().url() + "/count";
  std::string seen;
  request.on_piece = [&](std::string_view piece) {
    seen += piece;
    return seen.size() < 10;
  };
  EXPECT_TRUE(fetch(request).ok());
  EXPECT_TRUE(seen.starts_with("0 1 ")) << seen;
  // Either the next write fails, and the stream is dropped, or gone() says so.
  (void)left.get_future().wait_for(std::chrono::seconds(5));
}

TEST(Http, ManyConnectionsAtATime) {
  const Running running({}, echo);
  std::vector<std::future<int>> answers;
  for (int i = 0; i < 100; ++i) {
    answers.push_back(std::async(std::launch::async, [&] { return running.call("POST", "/echo", "x").status; }));
  }
  for (auto &answer : answers) {
    EXPECT_EQ(answer.get(), 200);
  }
}

TEST(Http, SaysThatAPortIsTaken) {
  const Running running({}, echo);
  HttpSettings second;
  second.port = running.server().port();
  const auto opened = HttpServer::open(second);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message().find("cannot listen"), std::string::npos);
}

TEST(Http, NeedsACertificateThatIsThere) {
  HttpSettings settings;
  settings.certificate = "/absent.pem";
  EXPECT_FALSE(HttpServer::open(settings).ok()) << "no key";
  settings.key = "/absent.key";
  EXPECT_FALSE(HttpServer::open(settings).ok());
}

TEST(SameSecret, ComparesAll) {
  EXPECT_TRUE(same_secret("key", "key"));
  EXPECT_FALSE(same_secret("key", "kez"));
  EXPECT_FALSE(same_secret("key", "keykey"));
  EXPECT_FALSE(same_secret("key", ""));
}

} // namespace
} // namespace yanxing::server
