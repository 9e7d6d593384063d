// Learning from pictures: made-up screenshots, a fine-tune of a tiny model that sees, and its adapter in Python's PEFT.
#include "e2e/program.h"

#include "base/shapes.h"
#include "screen/look.h"

#include <cstdlib>

namespace yanxing::test {
namespace {

class Seeing : public Program {
protected:
  // False where Python's transformers cannot be set up here.
  [[nodiscard]] bool python(const std::string &what, const std::string &into) const {
    const auto script = source("tests/nn/reference/make.sh");
    return std::system(("'" + script + "' --vision-sft " + what + " >'" + into + "' 2>'" + into + ".log'").c_str()) ==
           0;
  }
};

TEST_F(Seeing, ScreenshotsAreDrawnWhereTheirBoxesAreAndTheSameAgain) {
  const auto first = home_ / "a.jsonl";
  const auto second = home_ / "b.jsonl";
  const auto made = json_of(yanxing({"data", "make", "--out", first, "--count", "24", "--seed", "3", "--screenshots"}));
  ASSERT_GT(made["screenshots"].get<int>(), 0);
  ASSERT_EQ(yanxing({"data", "make", "--out", second, "--count", "24", "--seed", "3", "--screenshots"}).exit_code, 0);
  std::istringstream rows(*read_file(first));
  int shown = 0;
  for (std::string line; std::getline(rows, line);) {
    const auto row = Json::parse(line);
    if (!row.contains("screenshot")) {
      continue;
    }
    ++shown;
    const auto name = row["screenshot"].get<std::string>();
    const auto picture = screen::read_picture(home_ / name);
    ASSERT_TRUE(picture.ok()) << name;
    const auto seen = screen_from_json(row["screen"], "row");
    EXPECT_EQ(picture->width, seen->width);
    EXPECT_EQ(picture->height, seen->height);
    auto again = name;
    again.replace(0, again.find('_'), "b");
    EXPECT_EQ(*read_file(home_ / name), *read_file(home_ / again)) << "the same seed, the same pictures";
  }
  EXPECT_GT(shown, 0);
}

TEST_F(Seeing, AnOlderScriptIsToldWhatToGive) {
  const auto finished = yanxing({"sft", "--model_type", "qwen_vl_chat", "--dataset", "a.jsonl"});
  if (finished.errors.find("no verb") != std::string::npos) {
    GTEST_SKIP() << "built without training";
  }
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_NE(finished.errors.find("--model FOLDER"), std::string::npos) << finished.errors;
}

TEST_F(Seeing, AModelLearnsFromPicturesAndItsAdapterHelpsInPeftToo) {
  const auto folder = home_ / "tiny";
  if (!python("make '" + folder.string() + "'", (home_ / "made").string())) {
    GTEST_SKIP() << "Python's transformers and PEFT could not be set up here";
  }
  const std::vector<std::string> usual{
      "sft", "--model", folder / "model", "--model_type", "qwen_vl_chat", "--report_to", "none", "--threads", "1"};
  const auto run = [&](std::vector<std::string> more) {
    more.insert(more.begin(), usual.begin(), usual.end());
    return yanxing(more);
  };
  const auto trained = run({"--dataset", folder / "messages.jsonl", folder / "decisions.jsonl", "--output_dir",
                            home_ / "out", "--lora_rank", "4", "--lora_dropout", "0", "--learning_rate", "0.01",
                            "--num_train_epochs", "10", "--batch_size", "6", "--gradient_accumulation_steps", "1"});
  const auto summary = json_of(trained);
  const auto adapter = summary["checkpoint"].get<std::string>();
  const auto measure = [&](const std::vector<std::string> &more) {
    std::vector<std::string> arguments{"--dataset",
                                       folder / "messages.jsonl",
                                       "--output_dir",
                                       home_ / "measured",
                                       "--learning_rate",
                                       "0",
                                       "--num_train_epochs",
                                       "1",
                                       "--batch_size",
                                       "100",
                                       "--gradient_accumulation_steps",
                                       "1",
                                       "--lora_dropout",
                                       "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return json_of(run(arguments))["loss"].get<double>();
  };
  const double before = measure({});
  const double after = measure({"--adapters", adapter});
  EXPECT_LT(after, 0.7 * before);
  ASSERT_TRUE(python("loss '" + folder.string() + "' '" + adapter + "'", (home_ / "loss").string()))
      << *read_file(home_ / "loss.log");
  EXPECT_NEAR(std::stod(*read_file(home_ / "loss")), after, 1e-3);
  // A tower that is trained learns too.
  const auto whole = run({"--dataset", folder / "messages.jsonl", "--output_dir", home_ / "whole", "--lora_rank", "2",
                          "--max_steps", "1", "--freeze_vit", "false", "--freeze_aligner", "false"});
  const auto files = json_of(whole)["checkpoint"].get<std::string>() + "/adapter_config.json";
  EXPECT_NE(read_file(files)->find("\"qkv\""), std::string::npos);
}

} // namespace
} // namespace yanxing::test
