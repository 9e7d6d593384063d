// The page of `yanxing serve` in a real browser (Chromium under Playwright): spoken to through a fake microphone, with
// LibreOffice Calc as the screen. What is clicked and looked for is in web/tests.
#include "e2e/program.h"
#include "server/fetch.h"
#include "support/desktop_session.h"
#include "support/free_port.h"

#include <csignal>
#include <sys/wait.h>

namespace yanxing::test {
namespace {

class PageTest : public Program {
protected:
  // Why the page cannot be tested here; empty where it can.
  static std::string missing() {
    if (os::find_program("node").empty()) {
      return "node is not installed; run scripts/setup.sh";
    }
    if (os::find_program("chromium").empty() && std::getenv("YANXING_CHROMIUM") == nullptr) {
      return "chromium is not installed: apt-get install chromium";
    }
    if (!std::filesystem::exists(source("web/node_modules/playwright-core"))) {
      return "web/node_modules is missing; run scripts/setup.sh";
    }
    if (!std::filesystem::exists(source("web/dist/index.html"))) {
      return "the page is not built; run scripts/setup.sh";
    }
    return yanxing({"doctor", "--json"}).output.find("is not installed") == std::string::npos
               ? ""
               : "models are not installed; run scripts/setup.sh";
  }

  static bool answers(const std::string &url) {
    server::Outgoing request;
    request.method = "GET";
    request.url = url + "/health";
    for (int i = 0; i < 600; ++i) {
      if (const auto answer = server::fetch(request); answer && answer->status == 200) {
        return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }

  static Json post(const std::string &url, const Json &body) {
    server::Outgoing request;
    request.method = "POST";
    request.url = url;
    request.body = dump(body);
    const auto answer = server::fetch(request);
    const auto json = answer ? parse_json(answer->body, url) : Result<Json>(answer.error());
    EXPECT_TRUE(json.ok()) << json.error().message();
    return json ? *json : Json::object();
  }

  static std::vector<Json> lines_of(const std::string &text) {
    std::vector<Json> rows;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      rows.push_back(Json::parse(line));
    }
    return rows;
  }

  static void run_script(const std::string &script, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"node", source("web/tests/" + script)});
    constexpr int kTimeoutMs = 540000;
    const auto finished = os::run_process(arguments, kTimeoutMs);
    ASSERT_TRUE(finished.ok()) << finished.error().message();
    EXPECT_EQ(finished->exit_code, 0) << finished->output << finished->errors;
  }
};

TEST_F(PageTest, ASpokenTableIsShownAllowedAndSent) {
  if (const auto why = missing(); !why.empty()) {
    GTEST_SKIP() << why;
  }
  const DesktopSession desktop(source("assets/budget.xlsx"), "page");
  if (!desktop.missing().empty()) {
    GTEST_SKIP() << desktop.missing();
  }
  ASSERT_EQ(desktop.problem(), "");
  const auto port = std::to_string(free_port());
  const auto url = "http://127.0.0.1:" + port;
  const Background server({YANXING_BINARY, "serve", "--port", port, "--contacts", source("assets/contacts.vcf"),
                           "--context", "4096", "--remember"});
  ASSERT_TRUE(answers(url));
  run_script("talk.mjs", {url, source("assets/say_zh.wav"), (home_ / "state").string()});

  // As the page does when somebody picks another recipient before allowing it.
  const auto look = post(url + "/v1/operate/look", Json::object());
  const auto proposal =
      post(url + "/v1/operate/propose", {{"utterance", "Send this table to Anna"}, {"look", look["look"]}});
  const Json changed{{"action", "share"}, {"target", "current_table"}, {"recipient", "李经理"}};
  const auto did =
      post(url + "/v1/operate/act", {{"proposal", proposal["proposal"]}, {"yes", true}, {"action", changed}});
  EXPECT_EQ(did["outcome"]["status"], "done") << did;

  const auto kept = lines_of(yanxing({"corrections", "list", "--all", "--json", "-q"}).output);
  const auto with = [&](const char *key, const Json &value) {
    return std::count_if(kept.begin(), kept.end(), [&](const Json &row) { return row.value(key, Json()) == value; });
  };
  EXPECT_EQ(with("transcript", "把这个表格发给李经理"), 1);
  EXPECT_EQ(with("status", "undone"), 1) << "the timer";
  EXPECT_EQ(with("correction", changed), 1);
}

TEST_F(PageTest, AsksForTheKeyOfAServerThatHasOne) {
  if (const auto why = missing(); !why.empty()) {
    GTEST_SKIP() << why;
  }
  const auto port = std::to_string(free_port());
  const auto url = "http://127.0.0.1:" + port;
  const Background server({YANXING_BINARY, "serve", "--port", port, "--api-key", "open-sesame", "--context", "2048"});
  ASSERT_TRUE(answers(url));
  run_script("key.mjs", {url, "open-sesame"});
}

TEST_F(PageTest, IsSmall) {
  if (const auto why = missing(); !why.empty()) {
    GTEST_SKIP() << why;
  }
  run_script("size.mjs", {});
}

} // namespace
} // namespace yanxing::test
