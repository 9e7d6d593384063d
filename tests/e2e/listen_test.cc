// 'listen' with a recording that stands in for the microphone.
#include "e2e/program.h"

#include <algorithm>

namespace yanxing::test {
namespace {

class Listen : public Program {};

TEST_F(Listen, ARecordingStandsInForTheMicrophone) {
  if (yanxing({"doctor", "--json"}).output.find("is not installed") != std::string::npos) {
    GTEST_SKIP() << "models are not installed; run scripts/setup.sh";
  }
  ASSERT_TRUE(write_file(home_ / "screen.json", R"({"size":[800,600],"title":"note","elements":[
    {"id":"current_table","kind":"table","name":"预算表","box":[0,0,10,10]}]})"));
  const auto finished =
      yanxing({"listen", "--microphone", source("assets/say_zh.wav"), "--screen", (home_ / "screen.json").string(),
               "--contacts", source("assets/contacts.vcf"), "--dry-run", "--mute", "--large", "none", "--json", "-q"});
  const auto report = json_of(finished);
  EXPECT_EQ(std::count(finished.output.begin(), finished.output.end(), '\n'), 1) << finished.output;
  EXPECT_EQ(dump(report["decision"]), R"({"action":"share","target":"current_table","recipient":"李经理"})");
  EXPECT_EQ(report["outcome"]["status"], "dry_run");
  EXPECT_LE(report["timings_ms"]["endpoint"].get<double>(), 564);
}

TEST_F(Listen, WhatIsNoRecordingIsSaidAtOnce) {
  const auto finished = yanxing({"listen", "--microphone", source("README.md"), "--dry-run"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_NE(finished.errors.find("README.md"), std::string::npos) << finished.errors;
}

} // namespace
} // namespace yanxing::test
