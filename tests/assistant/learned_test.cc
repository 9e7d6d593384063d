#include "assistant/learned.h"

#include "base/files.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <unistd.h>

namespace yanxing::assistant {
namespace {

namespace fs = std::filesystem;

class LearnedTest : public testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    ::setenv("YANXING_STATE", (folder_ / "state").c_str(), 1);
    ASSERT_TRUE(write_file(weights_, "weights"));
    ASSERT_TRUE(write_file(adapter_, "first"));
  }
  void TearDown() override {
    ::unsetenv("YANXING_STATE");
    fs::remove_all(folder_);
  }
  void take(const std::string &content) {
    ASSERT_TRUE(write_file(adapter_, content));
    auto learned = Learned::of(weights_);
    ASSERT_TRUE(learned);
    ASSERT_TRUE(learned->take(adapter_, {{"better", true}}));
  }
  [[nodiscard]] std::string used() const {
    const auto file = Learned::of(weights_)->in_use();
    return file.empty() ? "" : *read_file(file);
  }
  fs::path folder_ = fs::path(testing::TempDir()) / ("learned-" + std::to_string(::getpid()));
  fs::path weights_ = folder_ / "model.gguf";
  fs::path adapter_ = folder_ / "adapter.gguf";
};

TEST_F(LearnedTest, NothingIsInUseAtFirst) {
  EXPECT_EQ(used(), "");
  EXPECT_FALSE(Learned::of(weights_)->roll_back());
  EXPECT_TRUE(adapter_for("no such model", weights_).empty());
  EXPECT_FALSE(fs::exists(folder_ / "state")) << "looking makes nothing";
}

TEST_F(LearnedTest, TheLatestIsInUseAndCanBeTakenBackStepByStep) {
  take("first");
  take("second");
  EXPECT_EQ(used(), "second");
  EXPECT_EQ(adapter_for("no such model", weights_), Learned::of(weights_)->in_use());
  EXPECT_EQ(*Learned::of(weights_)->roll_back(), 1);
  EXPECT_EQ(used(), "first");
  EXPECT_EQ(*Learned::of(weights_)->roll_back(), 0);
  EXPECT_EQ(used(), "");
  EXPECT_FALSE(Learned::of(weights_)->roll_back());
  take("third");
  EXPECT_EQ(used(), "third");
  EXPECT_EQ(Learned::of(weights_)->list().size(), 3U);
}

TEST_F(LearnedTest, OfManyTheLastFewAreKept) {
  for (int i = 0; i < 7; ++i) {
    take("number " + std::to_string(i));
  }
  const auto list = Learned::of(weights_)->list();
  EXPECT_EQ(list.size(), 4U);
  EXPECT_EQ(used(), "number 6");
  std::size_t files = 0;
  for (const auto &entry : fs::recursive_directory_iterator(folder_ / "state")) {
    files += entry.path().extension() == ".gguf" ? 1 : 0;
  }
  EXPECT_EQ(files, 4U);
}

TEST_F(LearnedTest, OtherWeightsHaveTheirOwn) {
  take("first");
  const auto other = folder_ / "other.gguf";
  ASSERT_TRUE(write_file(other, "other weights"));
  EXPECT_TRUE(Learned::of(other)->in_use().empty());
}

TEST_F(LearnedTest, AStateThatIsDamagedIsSaidAndNotUsed) {
  take("first");
  for (const auto &entry : fs::recursive_directory_iterator(folder_ / "state")) {
    if (entry.path().filename() == "learned.json") {
      ASSERT_TRUE(write_file(entry.path(), R"({"in_use":"x"})"));
    }
  }
  EXPECT_FALSE(Learned::of(weights_));
  EXPECT_TRUE(adapter_for("no such model", weights_).empty());
}

} // namespace
} // namespace yanxing::assistant
