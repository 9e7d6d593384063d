#include "verb/config_file.h"

#include "base/files.h"
#include "support/fuzz.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <gtest/gtest.h>

namespace yanxing::verb {
namespace {

class ConfigFile : public testing::Test {
protected:
  void SetUp() override {
    app_.add_option("--batch_size,--per_device_train_batch_size", batch_);
    app_.add_option("--dataset", datasets_);
    app_.add_option("--packing", packing_);
    app_.add_flag("--json", json_);
  }
  void TearDown() override { std::filesystem::remove(file_); }

  Result<std::vector<std::string>> words(const std::string &text, const std::vector<std::string> &given = {}) {
    EXPECT_TRUE(write_file(file_, text));
    return words_of_config(file_, app_, given);
  }
  // The line of the error, and what it says.
  std::string complaint(const std::string &text) {
    const auto result = words(text);
    return result ? "" : result.error().message().substr(file_.string().size());
  }

  CLI::App app_{"", "sft"};
  std::string batch_;
  std::vector<std::string> datasets_;
  bool packing_ = true;
  bool json_ = false;
  std::filesystem::path file_ = std::filesystem::temp_directory_path() / "yanxing_config_file_test.yaml";
};

using Words = std::vector<std::string>;

TEST_F(ConfigFile, YamlAndJsonBecomeWords) {
  EXPECT_EQ(*words("batch_size: 4 # small\ndataset: [a.jsonl, 'b c.jsonl']\npacking: false\njson: true\n"),
            (Words{"--batch_size=4", "--dataset", "a.jsonl", "b c.jsonl", "--packing=false", "--json=true"}));
  EXPECT_EQ(*words(R"({"per_device_train_batch_size": "4", "dataset": "a.jsonl", "packing": null})"),
            (Words{"--per_device_train_batch_size=4", "--dataset=a.jsonl"}));
}

TEST_F(ConfigFile, TheCommandLineWinsInAnySpelling) {
  EXPECT_EQ(*words("batch_size: 4\ndataset: a.jsonl\n", {"sft", "--per_device_train_batch_size=8", "--dataset", "b"}),
            Words{});
}

TEST_F(ConfigFile, WhatIsWrongIsNamedByLine) {
  EXPECT_TRUE(complaint("batch_size: 4\nbatchsize: 4\n").starts_with(":2: there is no option \"batchsize\""));
  EXPECT_TRUE(complaint("dataset:\n  a: b\n").starts_with(":2: \"dataset\" must be one value"));
  EXPECT_TRUE(complaint("batch_size: 4\n x: [\n").starts_with(":"));
  EXPECT_NE(complaint("just words"), "");
  EXPECT_FALSE(words_of_config("/nowhere/run.yaml", app_, {}).ok());
}

TEST_F(ConfigFile, SurvivesBrokenFiles) {
  fuzz::survives("batch_size: 4\ndataset: [a, \"b\"]\npacking: &x false\njson: *x\n? {a: 1}\n: - b\n",
                 fuzz::Form::kText, [&](const std::string &text) { fuzz::told(words(text)); });
}

} // namespace
} // namespace yanxing::verb
