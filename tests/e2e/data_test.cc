// `yanxing data`: what it makes it can count and evaluate, and what is asked wrongly it explains.
#include "e2e/program.h"

#include "base/paths.h"

#include <fstream>

namespace yanxing::test {
namespace {

class Data : public Program {};

TEST_F(Data, MakesTheSameRowsAgain) {
  const auto first = (home_ / "a.jsonl").string();
  const auto second = (home_ / "b.jsonl").string();
  const auto made = json_of(yanxing({"data", "make", "--out", first, "--count", "200", "--seed", "7"}));
  EXPECT_EQ(made["rows"], 200);
  ASSERT_EQ(yanxing({"data", "make", "--out", second, "--count", "200", "--seed", "7"}).exit_code, 0);
  EXPECT_EQ(*read_file(first), *read_file(second));
}

TEST_F(Data, CountsWhatTrainingCosts) {
  if (!model_file("qwen2.5-0.5b", "model.gguf")) {
    GTEST_SKIP() << "qwen2.5-0.5b is not here";
  }
  const auto file = (home_ / "a.jsonl").string();
  ASSERT_EQ(yanxing({"data", "make", "--out", file, "--count", "160"}).exit_code, 0);
  std::ofstream(file, std::ios::app) << "{\"transcript\":\"no action\"}\n";
  const auto finished = yanxing({"data", "stats", file, "--max-length", "2048"});
  ASSERT_EQ(finished.exit_code, 0) << finished.errors;
  EXPECT_NE(finished.errors.find("a.jsonl:161"), std::string::npos) << "the bad row is named";
  const auto report = Json::parse(finished.output);
  EXPECT_EQ(report["samples"], 160);
  EXPECT_EQ(report["bad_rows"], 1);
  EXPECT_EQ(report["packed_tokens"], report["tokens"]) << "packing alone neither loses nor adds a token";
  EXPECT_GT(report["shared_over_padded"].get<double>(), 4) << "command data shares most of what it reads";
}

TEST_F(Data, ExplainsWhatItCannotDo) {
  EXPECT_NE(yanxing({"data", "make", "--out", (home_ / "no" / "a.jsonl").string()}).errors.find("cannot write"),
            std::string::npos);
  EXPECT_NE(yanxing({"data", "make", "--out", (home_ / "a").string(), "--kinds", "song"}).errors.find("followup"),
            std::string::npos);
  EXPECT_EQ(yanxing({"data", "stats", (home_ / "absent.jsonl").string()}).exit_code, 1);
}

} // namespace
} // namespace yanxing::test
