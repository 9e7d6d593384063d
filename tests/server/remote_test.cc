// The remote tier against a server of our own that plays it.
#include "server/remote.h"

#include "server/errors.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace yanxing::server {
namespace {

using namespace std::chrono_literals;

// Answers with what `answer` says; counts what it was asked.
class Endpoint {
public:
  explicit Endpoint(std::function<Response(int count, const Json &body)> answer) {
    HttpSettings settings;
    settings.port = 0;
    server_ = std::move(*HttpServer::open(settings));
    server_->handle("POST", "/v1/chat/completions", [this, answer = std::move(answer)](const Request &request) {
      key_ = request.header("authorization");
      return answer(++count_, parse_body(request.body).json);
    });
    thread_ = std::thread([this] { server_->run(); });
  }
  Endpoint(const Endpoint &) = delete;
  Endpoint &operator=(const Endpoint &) = delete;
  ~Endpoint() {
    server_->stop(true);
    thread_.join();
  }
  [[nodiscard]] RemoteSettings settings() const {
    RemoteSettings settings;
    settings.url = server_->url() + "/v1/";
    settings.model = "big";
    settings.key = "sesame";
    return settings;
  }
  [[nodiscard]] int count() const { return count_; }
  [[nodiscard]] std::string key() const { return key_; }

private:
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
  std::atomic<int> count_{0};
  std::string key_;
};

Response saying(const std::string &content, double logprob = -0.01) {
  return json_response(
      {{"choices", Json::array({{{"message", {{"role", "assistant"}, {"content", content}}},
                                 {"logprobs", {{"content", Json::array({{{"logprob", logprob}}})}}}}})},
       {"usage", {{"total_tokens", 100}}}});
}

std::vector<ActionSpec> share() {
  ActionSpec spec;
  spec.name = "share";
  spec.parameters.push_back(parameter_from_schema("target", {{"type", "string"}, {"x-kind", "element"}}, true));
  return {spec};
}

TEST(Remote, DecidesAndIsCheckedLikeAFile) {
  Json asked;
  const Endpoint endpoint([&](int count, const Json &body) {
    asked = body;
    return saying(count == 1 ? R"({"action":"share","target":"table_1"})" : R"({"action":"format_disk"})");
  });
  Remote remote(endpoint.settings());
  Screen screen;
  screen.elements.push_back({"table_1", "table", "budget", "", {}, {}, "", 0, 0});
  const auto answer = remote.decide(share(), screen, {}, "share this");
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(answer->actions[0].name, "share");
  EXPECT_NEAR(answer->confidence, 0.99, 0.001);
  EXPECT_EQ(endpoint.key(), "Bearer sesame");
  EXPECT_EQ(asked["model"], "big");
  EXPECT_EQ(asked["response_format"]["json_schema"]["schema"]["anyOf"][0]["properties"]["target"]["enum"][0],
            "table_1");
  EXPECT_FALSE(remote.decide(share(), screen, {}, "format it").ok()) << "no action of this registry";
}

TEST(Remote, MaySendTheWordsAlone) {
  std::string user;
  const Endpoint endpoint([&](int /*count*/, const Json &body) {
    user = body["messages"][1]["content"];
    return saying(R"({"action":"none","reply":"no"})");
  });
  auto settings = endpoint.settings();
  settings.send_screen = false;
  Screen screen;
  screen.elements.push_back({"table_1", "table", "secret", "", {}, {}, "", 0, 0});
  EXPECT_TRUE(Remote(settings).decide(share(), screen, {}, "hello").ok());
  EXPECT_EQ(user.find("secret"), std::string::npos) << user;
}

TEST(Remote, TriesAgainAndThenLeavesItInPeace) {
  const Endpoint endpoint([](int count, const Json & /*body*/) {
    return count == 1 ? error_response(503, "busy") : saying(R"({"action":"none","reply":"no"})");
  });
  EXPECT_TRUE(Remote(endpoint.settings()).decide(share(), {}, {}, "x").ok());
  EXPECT_EQ(endpoint.count(), 2);

  const Endpoint broken([](int /*count*/, const Json & /*body*/) { return error_response(500, "broken"); });
  Remote remote(broken.settings());
  EXPECT_FALSE(remote.decide(share(), {}, {}, "x").ok());
  const int tried = broken.count();
  EXPECT_EQ(tried, 3);
  EXPECT_FALSE(remote.decide(share(), {}, {}, "x").ok());
  EXPECT_EQ(broken.count(), tried) << "the circuit is open";
}

TEST(Remote, SpendsNoMoreThanItsBudget) {
  const Endpoint endpoint(
      [](int /*count*/, const Json & /*body*/) { return saying(R"({"action":"none","reply":"no"})"); });
  auto settings = endpoint.settings();
  settings.tokens_an_hour = 150;
  Remote remote(settings);
  EXPECT_TRUE(remote.decide(share(), {}, {}, "x").ok());
  EXPECT_TRUE(remote.decide(share(), {}, {}, "x").ok());
  EXPECT_FALSE(remote.decide(share(), {}, {}, "x").ok());
  EXPECT_EQ(endpoint.count(), 2);
}

TEST(CircuitBreakerTest, LetsOneTryAfterAPause) {
  CircuitBreaker breaker(2, 10s);
  const auto start = CircuitBreaker::Clock::now();
  EXPECT_TRUE(breaker.may_try(start));
  breaker.failed(start);
  EXPECT_TRUE(breaker.may_try(start));
  breaker.failed(start);
  EXPECT_FALSE(breaker.may_try(start + 9s));
  EXPECT_TRUE(breaker.may_try(start + 11s));
  EXPECT_FALSE(breaker.may_try(start + 11s)) << "one at a time";
  breaker.succeeded();
  EXPECT_TRUE(breaker.may_try(start + 11s));
}

TEST(BudgetTest, BeginsAnewEachHour) {
  Budget budget(10);
  const auto start = Budget::Clock::now();
  EXPECT_TRUE(budget.has_left(start));
  budget.spend(20, start);
  EXPECT_FALSE(budget.has_left(start + 10min));
  EXPECT_TRUE(budget.has_left(start + 61min));
}

} // namespace
} // namespace yanxing::server
