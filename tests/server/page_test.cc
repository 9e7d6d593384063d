// What the page's routes are made of, without models and desktop.
#include "server/action_shelf.h"
#include "server/jobs.h"
#include "server/owner.h"
#include "server/page.h"
#include "server/settings_text.h"

#include "base/files.h"
#include "server/errors.h"
#include "server/fetch.h"
#include "server/server.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <unistd.h>

namespace yanxing::server {
namespace {

namespace fs = std::filesystem;

class Folder {
public:
  Folder() : path_(fs::temp_directory_path() / ("yanxing-page-" + std::to_string(::getpid()))) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;
  ~Folder() { fs::remove_all(path_); }
  [[nodiscard]] const fs::path &path() const { return path_; }

private:
  fs::path path_;
};

TEST(Owner, IsWhoHoldsTheOtherEndOfTheConnection) {
  const std::string table =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0\n"
      "   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 2 1 0\n"
      "   2: 0100007F:C351 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 3 1 0\n";
  EXPECT_TRUE(is_held_by(table, 50000, 8080, 1000));
  EXPECT_FALSE(is_held_by(table, 50001, 8080, 1000)) << "another user of this machine";
  EXPECT_FALSE(is_held_by(table, 50002, 8080, 1000)) << "no such connection";
  EXPECT_FALSE(is_held_by(table, 50000, 8081, 1000)) << "a connection to another server";
  EXPECT_FALSE(is_held_by(table + "   3: 0200007F:C350 0100007F:1F90 01 0:0 00:0 0 1001 0 4\n", 50000, 8080, 1000))
      << "two that the ports do not tell apart";
  EXPECT_FALSE(is_held_by("", 50000, 8080, 1000));
}

class Running {
public:
  explicit Running(HttpSettings settings = {}) {
    settings.port = 0;
    http_ = std::move(*HttpServer::open(settings));
    http_->handle("GET", "/owned", for_owner([](const Request & /*unused*/) { return json_response({{"ok", true}}); }));
    http_->handle("GET", "/port", [](const Request &request) { return json_response({{"port", request.own_port}}); });
    thread_ = std::thread([this] { http_->run(); });
  }
  Running(const Running &) = delete;
  Running &operator=(const Running &) = delete;
  ~Running() {
    http_->stop(true);
    thread_.join();
  }
  [[nodiscard]] Incoming get(const std::string &path, const std::string &key = "") const {
    Outgoing request;
    request.method = "GET";
    request.url = http_->url() + path;
    if (!key.empty()) {
      request.headers.emplace_back("Authorization", "Bearer " + key);
    }
    auto answer = fetch(request);
    return answer ? *answer : Incoming{};
  }

private:
  std::unique_ptr<HttpServer> http_;
  std::thread thread_;
};

TEST(Owner, IsThisProcessAndWhoeverShowsTheKey) {
  const Running open;
  EXPECT_EQ(open.get("/owned").status, 200) << "both ends are ours";
  EXPECT_NE(open.get("/port").body, R"({"port":0})");
  HttpSettings settings;
  settings.api_keys = {"sesame"};
  const Running guarded(settings);
  EXPECT_EQ(guarded.get("/owned").status, 401);
  EXPECT_EQ(guarded.get("/owned", "sesame").status, 200);
}

Json lamp(const std::string &name) {
  return {{"name", name},
          {"description", "Turn a lamp on"},
          {"parameters", {{"type", "object"}, {"properties", Json::object()}}},
          {"run", {{"builtin", "lamp"}}}};
}

TEST(ActionShelf, KeepsOnesOwnActionsOverThoseThatCameWithIt) {
  const Folder folder;
  ASSERT_TRUE(write_file(folder.path() / "base.json", dump(Json::array({lamp("lamp"), lamp("fan")}))));
  const auto base = action::Registry::load(folder.path() / "base.json");
  ASSERT_TRUE(base.ok());
  ActionShelf shelf(*base, folder.path() / "own");
  ASSERT_EQ(shelf.registry()->actions().size(), 2U);

  auto changed = lamp("lamp");
  changed["risk"] = "confirm";
  ASSERT_TRUE(shelf.save(changed).ok());
  EXPECT_EQ(shelf.registry()->find("lamp")->risk, Risk::kConfirm);
  EXPECT_EQ(shelf.registry()->actions().size(), 2U);
  ASSERT_TRUE(shelf.save(lamp("heater")).ok());
  EXPECT_EQ(shelf.registry()->actions().size(), 3U);

  EXPECT_TRUE(shelf.remove("lamp").ok());
  EXPECT_EQ(shelf.registry()->find("lamp")->risk, Risk::kSafe) << "as it came";
  EXPECT_FALSE(shelf.remove("fan").ok()) << "it is not one's own";
}

TEST(ActionShelf, RefusesWhatIsNoActionOrNoFileName) {
  const Folder folder;
  ActionShelf shelf(action::Registry(), folder.path() / "own");
  for (const auto *name : {"../lamp", "a/b", "", ".", "灯"}) {
    EXPECT_FALSE(shelf.save(lamp(name)).ok()) << name;
    EXPECT_FALSE(shelf.remove(name).ok()) << name;
  }
  EXPECT_FALSE(shelf.save(Json::array({lamp("a"), lamp("b")})).ok());
  auto wrong = lamp("lamp");
  wrong["risk"] = "none";
  EXPECT_FALSE(shelf.save(wrong).ok());
  EXPECT_FALSE(fs::exists(folder.path() / "own"));
  EXPECT_FALSE(ActionShelf(action::Registry(), "").save(lamp("lamp")).ok()) << "a server whose actions are one file";
}

TEST(SettingsText, ChangesOneLineAndKeepsTheRest) {
  const std::string before = "# mine\nlight = \"a\" # small\nlight_of_day = 1\n";
  EXPECT_EQ(with_setting(before, "light", "b\"c"), "# mine\nlight = \"b\\\"c\"\nlight_of_day = 1\n");
  EXPECT_EQ(with_setting(before, "use_large", false), before + "use_large = false\n");
  EXPECT_EQ(with_setting("", "threads", 2), "threads = 2\n");
}

// Until it has ended, at most `seconds`.
Json ended(Jobs &jobs, int id, int seconds = 20) {
  for (int i = 0; i < seconds * 50 && jobs.one(id)["state"] == "running"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return jobs.one(id);
}

TEST(Jobs, TellWhatTheyPrintAndHowTheyEnd) {
  const Folder folder;
  Jobs jobs;
  const auto log = folder.path() / "logging.jsonl";
  ASSERT_TRUE(write_file(log, "{\"global_step\":1,\"max_steps\":4,\"loss\":2.5}\n"
                              "{\"global_step\":2,\"max_steps\":4,\"loss\":1.5}\nhalf a li"));
  const auto id = jobs.start({"sft", "a run", {"/usr/bin/printf", "one\ntwo; $(not a shell)\n"}, log});
  ASSERT_TRUE(id.ok());
  const auto job = ended(jobs, *id);
  EXPECT_EQ(job["state"], "done");
  EXPECT_EQ(job["lines"], Json::array({"one", "two; $(not a shell)"}));
  EXPECT_EQ(job["points"], Json::parse("[[1,2.5],[2,1.5]]"));
  const auto bad = jobs.start({"pull", "a failure", {"/bin/false"}, {}});
  ASSERT_TRUE(bad.ok());
  EXPECT_EQ(ended(jobs, *bad)["state"], "failed");
  EXPECT_FALSE(jobs.start({"pull", "nothing", {"/no/such/program"}, {}}).ok());
  EXPECT_TRUE(jobs.one(99).is_null());
}

TEST(Jobs, AreCancelledAndOneOfAKindRuns) {
  Jobs jobs;
  const auto id = jobs.start({"pull", "long", {"/bin/sleep", "60"}, {}});
  ASSERT_TRUE(id.ok());
  EXPECT_FALSE(jobs.start({"pull", "another", {"/bin/sleep", "60"}, {}}).ok());
  ASSERT_TRUE(jobs.cancel(*id).ok());
  EXPECT_EQ(ended(jobs, *id)["state"], "cancelled");
  const auto left = jobs.start({"pull", "left running", {"/bin/sleep", "60"}, {}});
  EXPECT_TRUE(left.ok()) << "ended with the Jobs, at the end of this test";
}

TEST(Jobs, ReadTheShareThatALineTells) {
  EXPECT_EQ(percent_of("qwen2.5-0.5b: 30 % of 491 MB, 24.1 MB/s, 3 s left"), 30);
  EXPECT_EQ(percent_of("100 %"), 100);
  for (const auto *line : {"", " %", "300 % more", "nothing", "a %"}) {
    EXPECT_EQ(percent_of(line), -1) << line;
  }
}

TEST(Page, HasNoScriptOfItsOwnInIt) {
  for (const auto &file : page_files()) {
    if (file.content_type.starts_with("text/html")) {
      EXPECT_EQ(file.content.find("<script>"), std::string::npos) << "the policy that it is sent with would stop it";
    }
  }
}

} // namespace
} // namespace yanxing::server
