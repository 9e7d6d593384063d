// The server as its clients meet it: every route over a socket, with the smallest model that is there.
#include "e2e/program.h"

#include "server/errors.h"
#include "server/fetch.h"

#include <csignal>
#include <fcntl.h>
#include <future>
#include <sys/wait.h>

namespace yanxing {
namespace {

class Server {
public:
  explicit Server(std::vector<std::string> more, const std::filesystem::path &folder) {
    const auto told = folder / "ready.json";
    std::vector<std::string> words{YANXING_BINARY, "serve", "--port", "0", "--json", "--large", "none"};
    for (const auto &[option, value] : {std::pair{"--slots", "2"}, std::pair{"--context", "2048"}}) {
      if (std::find(more.begin(), more.end(), option) == more.end()) {
        words.insert(words.end(), {option, value});
      }
    }
    words.insert(words.end(), more.begin(), more.end());
    pid_ = ::fork();
    if (pid_ == 0) {
      const int out = ::open(told.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
      ::dup2(out, STDOUT_FILENO);
      std::vector<char *> pointers;
      for (auto &word : words) {
        pointers.push_back(word.data());
      }
      pointers.push_back(nullptr);
      ::execv(pointers[0], pointers.data());
      ::_exit(127);
    }
    for (int i = 0; i < 1200 && url_.empty() && alive(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      const auto text = read_file(told);
      const auto json = text ? parse_json(*text, "ready") : Result<Json>(Error{});
      url_ = json ? string_or_empty(*json, "url") : "";
    }
  }
  Server(const Server &) = delete;
  Server &operator=(const Server &) = delete;
  ~Server() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  [[nodiscard]] const std::string &url() const { return url_; }
  [[nodiscard]] bool alive() {
    int status = 0;
    return pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == 0;
  }
  // Its exit code after SIGTERM; -1 where it did not end in time.
  int end(int seconds) {
    ::kill(pid_, SIGTERM);
    for (int i = 0; i < seconds * 20; ++i) {
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return -1;
  }

private:
  pid_t pid_ = -1;
  std::string url_;
};

struct Answer {
  int status = 0;
  std::string body;
  std::string type;
  [[nodiscard]] Json json() const {
    const auto parsed = parse_json(body, "answer");
    EXPECT_TRUE(parsed.ok()) << body;
    return parsed ? *parsed : Json::object();
  }
};

class Serve : public test::Program {
protected:
  void start(const std::vector<std::string> &more = {}) {
    const auto model = weights_of("smollm2-135m");
    if (model.empty()) {
      GTEST_SKIP() << "smollm2-135m is not installed: yanxing pull smollm2-135m";
    }
    std::vector<std::string> words{"--model", model};
    words.insert(words.end(), more.begin(), more.end());
    server_ = std::make_unique<Server>(words, home_);
    ASSERT_FALSE(server_->url().empty()) << "the server did not say that it is ready";
  }
  static std::string weights_of(const std::string &name) {
    const char *folder = std::getenv("YANXING_MODELS");
    const char *user = std::getenv("HOME");
    const auto file = (folder != nullptr ? std::filesystem::path(folder)
                                         : std::filesystem::path(user) / ".local/share/yanxing/models") /
                      name / "model.gguf";
    return std::filesystem::exists(file) ? file.string() : "";
  }
  Answer call(const std::string &method, const std::string &path, const std::string &body = "",
              const std::string &key = "") {
    server::Outgoing request;
    request.method = method;
    request.url = server_->url() + path;
    request.body = body;
    request.silence_s = 120;
    if (!key.empty()) {
      request.headers.emplace_back("Authorization", "Bearer " + key);
    }
    const auto answer = server::fetch(request);
    EXPECT_TRUE(answer.ok()) << path << ": " << (answer ? "" : answer.error().message());
    return answer ? Answer{answer->status, answer->body, answer->content_type} : Answer{};
  }
  Answer post(const std::string &path, const Json &body) { return call("POST", path, dump(body)); }

  std::unique_ptr<Server> server_;
};

Json chat(const std::string &text, int tokens = 12) {
  return {{"model", "light"},
          {"messages", Json::array({{{"role", "user"}, {"content", text}}})},
          {"max_tokens", tokens},
          {"temperature", 0}};
}

TEST_F(Serve, AnswersEveryTextRoute) {
  start();
  EXPECT_EQ(call("GET", "/health").status, 200);
  const auto models = call("GET", "/v1/models").json();
  EXPECT_EQ(models["data"][0]["yanxing"]["aliases"][0], "light");
  EXPECT_EQ(call("GET", "/v1/models/light").status, 200);

  const auto said = post("/v1/chat/completions", chat("Say hello."));
  ASSERT_EQ(said.status, 200) << said.body;
  EXPECT_EQ(said.json()["choices"][0]["message"]["role"], "assistant");
  EXPECT_GT(said.json()["usage"]["completion_tokens"].get<int>(), 0);

  auto streamed = chat("Say hello.");
  streamed["stream"] = true;
  const auto events = post("/v1/chat/completions", streamed);
  EXPECT_NE(events.type.find("text/event-stream"), std::string::npos);
  EXPECT_TRUE(events.body.ends_with("data: [DONE]\n\n")) << events.body;

  auto several = chat("Name a colour.");
  several["n"] = 2;
  several["temperature"] = 1;
  several["seed"] = 7;
  several["logprobs"] = true;
  several["top_logprobs"] = 2;
  const auto two = post("/v1/chat/completions", several).json();
  ASSERT_EQ(two["choices"].size(), 2U) << two;
  EXPECT_EQ(two["choices"][0]["logprobs"]["content"][0]["top_logprobs"].size(), 2U);

  EXPECT_EQ(post("/v1/completions", {{"prompt", "One, two,"}, {"max_tokens", 4}}).status, 200);
  const auto vector = post("/v1/embeddings", {{"input", {"a cat", "a dog"}}});
  ASSERT_EQ(vector.status, 200) << vector.body;
  EXPECT_EQ(vector.json()["data"].size(), 2U);
  EXPECT_EQ(post("/v1/responses", {{"input", "Say hello."}, {"max_output_tokens", 8}}).status, 200);
  const auto claude =
      post("/v1/messages", {{"model", "light"}, {"max_tokens", 8}, {"messages", chat("Hi")["messages"]}});
  ASSERT_EQ(claude.status, 200) << claude.body;
  EXPECT_EQ(claude.json()["type"], "message");
  EXPECT_GT(post("/tokenize", {{"prompt", "hello world"}}).json()["count"].get<int>(), 1);
  EXPECT_NE(call("GET", "/metrics").body.find("yanxing_requests_total{route=\"/v1/completions\",status=\"200\"} 1"),
            std::string::npos);
  EXPECT_NE(call("GET", "/").body.find("yanxing"), std::string::npos);
}

TEST_F(Serve, WritesJsonThatFitsItsSchema) {
  start();
  auto body = chat("A person.", 60);
  body["response_format"] = {
      {"type", "json_schema"},
      {"json_schema",
       {{"name", "person"},
        {"schema",
         {{"type", "object"},
          {"properties",
           {{"age", {{"type", "integer"}, {"minimum", 1}, {"maximum", 99}}}, {"male", {{"type", "boolean"}}}}},
          {"required", Json::array({"age", "male"})},
          {"additionalProperties", false}}}}}};
  const auto content = post("/v1/chat/completions", body).json()["choices"][0]["message"]["content"].get<std::string>();
  const auto person = parse_json(content, "content");
  ASSERT_TRUE(person.ok()) << content;
  EXPECT_TRUE((*person)["age"].is_number_integer());
  EXPECT_TRUE((*person)["male"].is_boolean());
}

TEST_F(Serve, RefusesAToolThatIsNotThere) {
  start();
  auto body = chat("Weather in Paris?", 60);
  body["tools"] = Json::array({{{"type", "function"},
                                {"function",
                                 {{"name", "weather"},
                                  {"parameters",
                                   {{"type", "object"},
                                    {"properties", {{"city", {{"type", "string"}, {"enum", {"Paris", "Rome"}}}}}},
                                    {"required", Json::array({"city"})}}}}}}});
  body["tool_choice"] = {{"type", "function"}, {"function", {{"name", "weather"}}}};
  EXPECT_EQ(post("/v1/chat/completions", body).status, 200);
  body["tool_choice"]["function"]["name"] = "absent";
  EXPECT_EQ(post("/v1/chat/completions", body).status, 400);
}

TEST_F(Serve, SaysWhatIsWrongInOpenAisShape) {
  start({"--max-body", "1"});
  for (const auto &[path, body, status] :
       {std::tuple{"/v1/chat/completions", "{", 400},
        {"/v1/chat/completions", "[]", 400},
        {"/v1/chat/completions", "{}", 400},
        {"/v1/chat/completions", R"({"messages":[{"role":"user"}]})", 400},
        {"/v1/chat/completions", R"({"model":"absent","messages":[{"role":"user","content":"x"}]})", 404},
        {"/v1/chat/completions", R"({"messages":[{"role":"user","content":"x"}],"n":99})", 400},
        {"/v1/completions", R"({"prompt":[999999999]})", 400},
        {"/v1/absent", "{}", 404},
        {"/v1/embeddings", "{}", 400},
        {"/detokenize", R"({"tokens":[-1]})", 400},
        {"/v1/decide", "{}", 400}}) {
    const auto answer = call("POST", path, body);
    EXPECT_EQ(answer.status, status) << path << " " << body << " " << answer.body;
    EXPECT_TRUE(answer.json().contains("error") && answer.json()["error"].contains("message")) << answer.body;
  }
  EXPECT_EQ(post("/v1/messages", {{"model", "light"}}).json()["type"], "error");
  EXPECT_EQ(call("POST", "/v1/chat/completions", std::string(2 << 20, 'x')).status, 413);
  EXPECT_EQ(call("POST", "/v1/chat/completions", std::string(100'000, '[')).status, 400);
  std::string words;
  for (int i = 0; i < 5000; ++i) {
    words += "word" + std::to_string(i) + " ";
  }
  EXPECT_EQ(post("/v1/chat/completions", chat(words)).status, 400) << "longer than the context";
  EXPECT_TRUE(server_->alive());
}

TEST_F(Serve, KeysGuardEveryRouteButHealthAndThePagesFiles) {
  start({"--api-key", "sesame"});
  EXPECT_EQ(call("GET", "/health").status, 200);
  EXPECT_EQ(call("GET", "/").status, 200); // where one enters the key
  for (const auto *path : {"/v1/models", "/metrics", "/v1/turns", "/v1/jobs", "/v1/settings", "/v1/samples",
                           "/v1/activity", "/v1/operate/picture", "/absent"}) {
    EXPECT_EQ(call("GET", path).status, 401) << path;
  }
  EXPECT_EQ(call("POST", "/v1/chat/completions", "{}").status, 401);
  EXPECT_EQ(call("GET", "/v1/models", "", "wrong").status, 401);
  EXPECT_EQ(call("GET", "/v1/models", "", "sesame").status, 200);
}

TEST_F(Serve, ServesManyAtOnceAndFreesTheSlotOfWhoLeft) {
  start();
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 8; ++i) {
    answers.push_back(std::async(
        std::launch::async, [this, i] { return post("/v1/chat/completions", chat("Count to " + std::to_string(i))); }));
  }
  for (auto &answer : answers) {
    EXPECT_EQ(answer.get().status, 200);
  }
  auto endless = chat("Tell a very long story.", 2000);
  endless["stream"] = true;
  endless["ignore_eos"] = true;
  for (int i = 0; i < 4; ++i) { // twice the slots
    server::Outgoing request;
    request.method = "POST";
    request.url = server_->url() + "/v1/chat/completions";
    request.body = dump(endless);
    request.on_piece = [](std::string_view) { return false; }; // leaves at the first word
    (void)server::fetch(request);
  }
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(post("/v1/chat/completions", chat("Hi", 2)).status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(30)) << "their slots were not freed";
}

// The likeliest first tokens of an answer, with their log p.
std::map<std::string, double> first_tokens(const Json &answer) {
  std::map<std::string, double> found;
  for (const auto &token : answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]) {
    found[token["token"].get<std::string>()] = token["logprob"].get<double>();
  }
  return found;
}

TEST_F(Serve, ComputesABeginningOnceThatManyShareAtTheSameTime) {
  start({"--slots", "4", "--context", "4096"});
  std::string notes = "You answer questions about these notes.";
  for (int i = 0; i < 30; ++i) {
    notes += " Boat " + std::to_string(i) + " lies at pier " + std::to_string(i * 7 % 30) + ".";
  }
  const auto asked = [&](int boat, bool cached) {
    auto request = chat("Where does boat " + std::to_string(boat) + " lie?", 1);
    request["messages"].insert(request["messages"].begin(), Json{{"role", "system"}, {"content", notes}});
    request["logprobs"] = true;
    request["top_logprobs"] = 5;
    request["cache_prompt"] = cached;
    return request;
  };
  std::vector<std::future<Answer>> answers;
  for (int boat = 0; boat < 4; ++boat) {
    answers.push_back(
        std::async(std::launch::async, [&, boat] { return post("/v1/chat/completions", asked(boat, true)); }));
  }
  int computed = 0;
  int together = 0;
  for (int boat = 0; boat < 4; ++boat) {
    const auto shared = answers[static_cast<std::size_t>(boat)].get().json();
    const int prompt = shared["usage"]["prompt_tokens"].get<int>();
    together += prompt;
    computed += prompt - shared["usage"]["prompt_tokens_details"]["cached_tokens"].get<int>();
    const auto alone = post("/v1/chat/completions", asked(boat, false)).json();
    EXPECT_EQ(alone["usage"]["prompt_tokens_details"]["cached_tokens"], 0);
    const auto expected = first_tokens(alone);
    for (const auto &[token, log_p] : first_tokens(shared)) {
      if (expected.contains(token)) {
        EXPECT_NEAR(log_p, expected.at(token), 0.4) << token; // batches of other shapes alone make 0.2
      }
    }
    EXPECT_FALSE(expected.empty());
  }
  EXPECT_GT(together, 4 * 300);
  EXPECT_LT(computed, together / 3) << "each computed the notes for itself";
}

TEST_F(Serve, EndsWhenToldTo) {
  start();
  EXPECT_EQ(server_->end(15), 0);
}

TEST_F(Serve, SaysThatThePortIsTaken) {
  start();
  const auto port = server_->url().substr(server_->url().rfind(':') + 1);
  const auto second = yanxing({"serve", "--port", port, "--model", weights_of("smollm2-135m"), "--large", "none"});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_NE(second.errors.find("cannot listen"), std::string::npos) << second.errors;
}

TEST_F(Serve, DecidesAndHearsAndSpeaks) {
  if (weights_of("qwen2.5-0.5b").empty()) {
    GTEST_SKIP() << "qwen2.5-0.5b is not installed";
  }
  server_ = std::make_unique<Server>(
      std::vector<std::string>{"--contacts", source("assets/contacts.vcf"), "--allow-files", source("assets")}, home_);
  ASSERT_FALSE(server_->url().empty());
  const Json screen{
      {"size", {800, 600}},
      {"elements",
       Json::array({{{"id", "current_table"}, {"kind", "table"}, {"name", "budget"}, {"box", {10, 20, 300, 200}}}})}};
  const auto decided = post("/v1/decide", {{"utterance", "把这个表格发给李经理"}, {"screen", screen}});
  ASSERT_EQ(decided.status, 200) << decided.body;
  EXPECT_EQ(dump(decided.json()["decision"]), R"({"action":"share","target":"current_table","recipient":"李经理"})");
  EXPECT_EQ(decided.json()["target_box"], Json({10, 20, 300, 200}));

  const auto heard = post("/v1/decide", {{"audio", "file://" + source("assets/say_zh.wav")}, {"screen", screen}});
  ASSERT_EQ(heard.status, 200) << heard.body;
  EXPECT_EQ(heard.json()["decision"]["action"], "share") << heard.body;

  const auto spoken = post("/v1/audio/speech", {{"input", "好的"}, {"voice", "alloy"}, {"response_format", "wav"}});
  ASSERT_EQ(spoken.status, 200) << spoken.body;
  EXPECT_TRUE(spoken.body.starts_with("RIFF")) << spoken.body.substr(0, 100);
  EXPECT_GT(spoken.body.size(), 10'000U);
}

} // namespace
} // namespace yanxing
