// The remote tier: any endpoint that speaks OpenAI's API (vLLM, SGLang, LMDeploy, …). Nothing leaves this machine
// unless an endpoint was named; each call says on the log how much went where. Thread-safe.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "base/shapes.h"
#include "server/http.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>

namespace yanxing::server {

struct RemoteSettings {
  std::string url;               // https://cluster.example/v1
  std::string model;             // as it is called there
  std::string key;               // "": none
  bool send_screen = true;       // decisions may carry what is on the screen, not only the words
  long tokens_an_hour = 200'000; // of prompts and answers; beyond it the tier is not asked. 0: no limit
  int retries = 2;
  int silence_s = 60;
};

// Keeps asking from going on in vain: after some failures in a row nobody is asked for a while, then one tries.
class CircuitBreaker {
public:
  using Clock = std::chrono::steady_clock;
  explicit CircuitBreaker(int failures = 3, std::chrono::milliseconds pause = std::chrono::seconds(30))
      : most_failures_(failures), pause_(pause) {}
  bool may_try(Clock::time_point now = Clock::now());
  void succeeded();
  void failed(Clock::time_point now = Clock::now());

private:
  std::mutex mutex_;
  int most_failures_;
  std::chrono::milliseconds pause_;
  int failures_ = 0;
  Clock::time_point closed_until_;
  bool trying_ = false; // the one who tries whether it is back
};

// Tokens that may still be spent in this hour.
class Budget {
public:
  using Clock = std::chrono::steady_clock;
  explicit Budget(long tokens_an_hour) : limit_(tokens_an_hour) {}
  bool has_left(Clock::time_point now = Clock::now());
  void spend(long tokens, Clock::time_point now = Clock::now());

private:
  std::mutex mutex_;
  long limit_;
  long spent_ = 0;
  Clock::time_point hour_;
};

class Remote {
public:
  explicit Remote(RemoteSettings settings);

  // A chat request as it came, under the endpoint's model name; the answer, or its stream, as it comes back.
  Response chat(Json body, const std::function<bool()> &gone);

  struct Answer {
    std::vector<Action> actions;
    double confidence = 0; // of the answer's tokens, where the endpoint tells; else 0.9
  };
  // Words, screen and actions, with the actions' JSON Schema as the answer's. What comes back is checked like a file.
  Result<Answer> decide(const std::vector<ActionSpec> &actions, const Screen &screen,
                        const std::vector<Contact> &contacts, const std::string &utterance);

  [[nodiscard]] const RemoteSettings &settings() const { return settings_; }

private:
  Result<Json> ask(const Json &body);
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> headers() const;

  RemoteSettings settings_;
  CircuitBreaker breaker_;
  Budget budget_;
};

// The JSON Schema of an answer: one of the actions with its parameters, several, or none with a reply.
Json decision_schema(const std::vector<ActionSpec> &actions, const Screen &screen);

} // namespace yanxing::server
