// The main job on real parts: LibreOffice Calc under Xvfb, its cells over the accessibility bus, a real mail server, a
// real MQTT broker; speech from the bundled recordings.
#include "e2e/program.h"
#include "support/desktop_session.h"

#include <csignal>
#include <sys/wait.h>

namespace yanxing::test {
namespace {

class MainJob : public Program {};

#define SKIP_WITHOUT_MODELS()                                                                                          \
  if (yanxing({"doctor", "--json"}).output.find("is not installed") != std::string::npos) {                            \
    GTEST_SKIP() << "models are not installed; run scripts/setup.sh";                                                  \
  }

TEST_F(MainJob, ASpokenTableArrivesInTheRightMailbox) {
  SKIP_WITHOUT_MODELS();
  const DesktopSession desktop(source("assets/budget.xlsx"), "e2e");
  if (!desktop.missing().empty()) {
    GTEST_SKIP() << desktop.missing();
  }
  ASSERT_EQ(desktop.problem(), "");
  const auto port = std::to_string(20000 + ::getpid() % 20000);
  const auto mail = home_ / "mail";
  std::filesystem::create_directories(mail);
  const Background server({"/usr/bin/python3", source("tests/e2e/smtp_sink.py"), port, mail.string()});
  if (!wait_for(mail / "ready")) {
    GTEST_SKIP() << "aiosmtpd does not start; install python3-aiosmtpd";
  }
  settings("smtp_url = \"smtp://127.0.0.1:" + port + "\"\n");
  const auto report =
      json_of(yanxing({"run", "--audio", source("assets/say_zh.wav"), "--lang", "zh", "--screen", "live", "--contacts",
                       source("assets/contacts.vcf"), "--yes", "--mute", "--json", "-q"}));
  EXPECT_EQ(report["transcript"], "把这个表格发给李经理");
  EXPECT_EQ(dump(report["decision"]), R"({"action":"share","target":"current_table","recipient":"李经理"})");
  EXPECT_EQ(report["outcome"]["status"], "done") << report["outcome"];
  ASSERT_TRUE(wait_for(mail / "0" / "done"));
  EXPECT_EQ(*read_file(mail / "0" / "envelope"), "li.jianguo@example.com");
  const auto cells = *read_file(mail / "0" / "cells");
  for (const auto *text : {"部门", "一季度", "研发部", "行政部", "1025"}) {
    EXPECT_NE(cells.find(text), std::string::npos) << text << " is missing in:\n" << cells;
  }
  EXPECT_TRUE(std::filesystem::is_empty(home_ / "state" / "queue") || !std::filesystem::exists(mail / "1" / "done"))
      << "sent twice";
}

TEST_F(MainJob, WithoutAServerTheMailWaitsAndIsSentOnce) {
  SKIP_WITHOUT_MODELS();
  ASSERT_TRUE(write_file(home_ / "screen.json", R"({"size":[800,600],"title":"note","elements":[
    {"id":"current_document","kind":"document","name":"note","text":"hello","box":[0,0,10,10]}]})"));
  const auto port = std::to_string(20000 + ::getpid() % 20000);
  settings("smtp_url = \"smtp://127.0.0.1:" + port + "\"\n");
  const std::vector<std::string> command{"run",
                                         "--text",
                                         "send this document to Anna",
                                         "--screen",
                                         (home_ / "screen.json").string(),
                                         "--contacts",
                                         source("assets/contacts.vcf"),
                                         "--yes",
                                         "--mute",
                                         "--json",
                                         "-q"};
  const auto report = json_of(yanxing(command));
  EXPECT_EQ(report["outcome"]["status"], "queued") << report;
}

TEST_F(MainJob, NothingRiskyRunsWithoutAYes) {
  SKIP_WITHOUT_MODELS();
  ASSERT_TRUE(write_file(home_ / "screen.json",
                         R"({"elements":[{"id":"current_document","kind":"document","name":"note","text":"x"}]})"));
  const auto report =
      json_of(yanxing({"run", "--text", "send this document to Anna", "--screen", (home_ / "screen.json").string(),
                       "--contacts", source("assets/contacts.vcf"), "--mute", "--json", "-q"}));
  EXPECT_EQ(report["outcome"]["status"], "asked") << report;
  EXPECT_FALSE(std::filesystem::exists(home_ / "state" / "outbox" / "new"));
}

TEST_F(MainJob, AnActionFileReachesAnMqttDevice) {
  SKIP_WITHOUT_MODELS();
  if (os::find_program("mosquitto").empty() && !std::filesystem::exists("/usr/sbin/mosquitto")) {
    GTEST_SKIP() << "mosquitto is not installed";
  }
  const auto port = std::to_string(20000 + (::getpid() + 7) % 20000);
  ASSERT_TRUE(write_file(home_ / "mosquitto.conf", "listener " + port + " 127.0.0.1\nallow_anonymous true\n"));
  const Background broker({"/usr/sbin/mosquitto", "-c", (home_ / "mosquitto.conf").string()});
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const auto heard = (home_ / "heard").string();
  settings("mqtt_url = \"mqtt://127.0.0.1:" + port + "\"\n");
  ASSERT_TRUE(
      write_file(home_ / "lamp.json", R"({"name":"lamp","description":{"en":"Turn a lamp on or off","zh":"开灯或关灯"},
    "parameters":{"type":"object","required":["room","state"],"properties":{
      "room":{"type":"string","enum":["bedroom","kitchen"]},"state":{"type":"string","enum":["on","off"]}}},
    "run":{"mqtt":{"topic":"home/{room}/lamp/set","payload":"{state}","retain":true}}})"));
  const auto report = json_of(yanxing({"run", "--text", "turn on the lamp in the kitchen", "--actions",
                                       (home_ / "lamp.json").string(), "--mute", "--json", "-q"}));
  EXPECT_EQ(report["outcome"]["status"], "done") << report;
  const auto kept = os::run_process(
      {"mosquitto_sub", "-h", "127.0.0.1", "-p", port, "-t", "home/kitchen/lamp/set", "-C", "1", "-W", "5"}, 10000);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->output, "on\n");
}

} // namespace
} // namespace yanxing::test
