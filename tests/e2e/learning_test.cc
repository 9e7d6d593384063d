// Turns that are kept only where asked for, corrections by voice and in writing, and learning from them.
#include "e2e/program.h"

#include "base/paths.h"

namespace yanxing::test {
namespace {

class Learning : public Program {
protected:
  void SetUp() override {
    Program::SetUp();
    if (!model_file("qwen2.5-0.5b", "model.gguf")) {
      GTEST_SKIP() << "models are not installed; run scripts/setup.sh";
    }
    ASSERT_TRUE(write_file(home_ / "screen.json", R"({"size":[800,600],"title":"note","elements":[
      {"id":"current_document","kind":"document","name":"note","text":"hello","box":[0,0,10,10],"states":["focused"]},
      {"id":"table_1","kind":"table","name":"prices","box":[10,10,10,10],"rows":2,"columns":2}]})"));
  }
  // Sentences of one sitting.
  os::Finished say(const std::vector<std::string> &sentences, bool remember) {
    std::vector<std::string> command{"run",
                                     "--screen",
                                     (home_ / "screen.json").string(),
                                     "--contacts",
                                     source("assets/contacts.vcf"),
                                     "--large",
                                     "none",
                                     "--yes",
                                     "--mute",
                                     "--json",
                                     "-q"};
    for (const auto &sentence : sentences) {
      command.insert(command.end(), {"--text", sentence});
    }
    if (remember) {
      command.emplace_back("--remember");
    }
    return yanxing(command);
  }
  [[nodiscard]] static bool trains(const os::Finished &finished) {
    return finished.errors.find("no verb") == std::string::npos;
  }
};

TEST_F(Learning, NothingIsKeptUnlessItIsAskedFor) {
  ASSERT_EQ(say({"send this document to Anna"}, false).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(home_ / "state" / "turns.db"));
  const auto listed = yanxing({"corrections", "list"});
  EXPECT_EQ(listed.exit_code, 1);
  EXPECT_NE(listed.errors.find("--remember"), std::string::npos) << listed.errors;
}

TEST_F(Learning, ASpokenCorrectionStandsBesideTheTurnBeforeIt) {
  (void)say({"把这个发给王芳", "不对，我说的是那个表格"}, true); // this table has no cells to send
  const auto corrected = json_of(yanxing({"corrections", "list", "--json", "-q"}));
  EXPECT_EQ(corrected["transcript"], "把这个发给王芳");
  EXPECT_EQ(corrected["decision"]["target"], "current_document") << corrected;
  EXPECT_EQ(corrected["correction"]["target"], "table_1") << corrected;

  const auto pairs = home_ / "pairs.jsonl";
  ASSERT_EQ(yanxing({"corrections", "export", "--pairs", "--out", pairs.string()}).exit_code, 0);
  const auto row = Json::parse(*read_file(pairs));
  EXPECT_EQ(row["action"]["target"], "table_1");
  EXPECT_EQ(row["rejected_action"]["target"], "current_document");
  EXPECT_EQ(row["screen"]["title"], "note");

  ASSERT_EQ(yanxing({"corrections", "forget", "--all"}).exit_code, 0);
  EXPECT_EQ(read_file(home_ / "state" / "turns.db")->find("王芳"), std::string::npos);
}

TEST_F(Learning, AChangeOfMindIsNoLesson) {
  ASSERT_EQ(say({"把这个文档发给李敏", "不对，发给王芳"}, true).exit_code, 0);
  EXPECT_EQ(yanxing({"corrections", "list", "--json", "-q"}).output, "") << "it was right for those words";
  EXPECT_NE(yanxing({"corrections", "list", "--all", "--json", "-q"}).output.find("王芳"), std::string::npos);
}

TEST_F(Learning, ACorrectionInWritingIsCheckedAgainstThatTurn) {
  ASSERT_EQ(say({"send this document to Anna"}, true).exit_code, 0);
  EXPECT_EQ(yanxing({"corrections", "fix", "1", "--action", R"({"action":"fly"})"}).exit_code, 1);
  EXPECT_EQ(yanxing({"corrections", "fix", "1", "--action", R"({"action":"share","wing":"left"})"}).exit_code, 1);
  EXPECT_EQ(yanxing({"corrections", "fix", "1", "--action", "{"}).exit_code, 1);
  EXPECT_EQ(yanxing({"corrections", "fix", "9", "--action", R"({"action":"none"})"}).exit_code, 1);
  ASSERT_EQ(yanxing({"corrections", "fix", "1", "--action", R"({"action":"none"})"}).exit_code, 0);
  EXPECT_EQ(json_of(yanxing({"corrections", "list", "--json", "-q"}))["correction"]["action"], "none");
  ASSERT_EQ(yanxing({"corrections", "fix", "1", "--take-back"}).exit_code, 0);
  EXPECT_EQ(yanxing({"corrections", "list", "--json", "-q"}).output, "");
}

TEST_F(Learning, TooFewCorrectionsTeachNothing) {
  const auto finished = yanxing({"learn"});
  if (!trains(finished)) {
    GTEST_SKIP() << "built without training";
  }
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_NE(finished.errors.find("too few"), std::string::npos) << finished.errors;
  EXPECT_NE(yanxing({"learn", "--rollback"}).errors.find("nothing that was learned"), std::string::npos);
}

// The whole way on a tiny model: before, training, after, and a report that agrees with what is in use then.
TEST_F(Learning, AnAdapterGoesIntoUseOnlyWhereItIsBetter) {
  if (!model_file("smollm2-135m", "model.gguf")) {
    GTEST_SKIP() << "smollm2-135m is not here";
  }
  const auto own = home_ / "own.jsonl";
  std::string rows;
  for (const auto *thing : {"fish tank", "terrarium", "aviary", "greenhouse", "beehive", "kennel", "stable", "barn"}) {
    rows += dump({{"transcript", std::string("good night ") + thing},
                  {"action", {{"action", "dim"}, {"place", thing}}},
                  {"actions",
                   {{{"name", "dim"},
                     {"description", "Dim the lights of a place"},
                     {"parameters",
                      {{"type", "object"},
                       {"properties", {{"place", {{"type", "string"}}}}},
                       {"required", {"place"}}}}}}}}) +
            "\n";
  }
  ASSERT_TRUE(write_file(own, rows));
  const std::vector<std::string> learn{
      "learn", "--model", "smollm2-135m", "--samples",          own.string(), "--replay",        "8",   "--asked",
      "8",     "--json",  "-q",           "--num_train_epochs", "3",          "--learning_rate", "1e-3"};
  const auto finished = yanxing(learn);
  if (!trains(finished)) {
    GTEST_SKIP() << "built without training";
  }
  const auto report = json_of(finished);
  EXPECT_EQ(report["before"]["own"][1], 2) << "one in four is held back";
  EXPECT_EQ(report["better"], report["in_use"]);
  const auto listed = yanxing({"learn", "--model", "smollm2-135m", "--list"}).output;
  EXPECT_EQ(listed.find("\"in_use\":true") != std::string::npos, report["in_use"].get<bool>()) << report;
  EXPECT_FALSE(std::filesystem::exists(home_ / "state" / "learning")) << "what was said is not left lying about";
  const auto back = yanxing({"learn", "--model", "smollm2-135m", "--rollback"});
  EXPECT_EQ(back.exit_code == 0, report["in_use"].get<bool>());
}

} // namespace
} // namespace yanxing::test
