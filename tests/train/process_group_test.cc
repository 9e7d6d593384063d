#include "train/process_group.h"

#include "nn/tiny.h"
#include "support/free_port.h"
#include "train/checkpoints.h"
#include "train/sft.h"

#include <array>
#include <cstdlib>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace yanxing::train {
namespace {

namespace fs = std::filesystem;

// Four rows of different lengths, each a sample.
std::vector<pack::PackedRow> rows() {
  std::vector<pack::PackedRow> result;
  for (std::int64_t i = 0; i < 4; ++i) {
    pack::PackedRow row;
    for (std::int64_t at = 0; at < 5 + i; ++at) {
      row.tokens.push_back(7 + 3 * i + at);
      row.positions.push_back(at);
    }
    row.segments = {{0, 5 + i, -1}};
    row.targets = {{2, row.tokens[3], 1, 0}, {3, row.tokens[4], 2, 0}};
    row.samples = {i};
    result.push_back(row);
  }
  return result;
}

Result<RunResult> train(const fs::path &folder, ProcessGroup *processes,
                        const std::function<bool(const StepReport &)> &on_step) {
  auto model = nn::Model::load(folder / "model");
  if (!model) {
    return model.error();
  }
  // Another seed in every process: what they start from must be the first one's all the same.
  const auto seed = processes == nullptr ? 1U : 1U + static_cast<unsigned>(processes->rank());
  if (auto ready = (*model)->add_lora({4, 16.0F, 0.1F, false, false, {"all-linear"}}, seed); !ready) {
    return ready.error();
  }
  RunSettings settings;
  settings.output = folder / (processes == nullptr ? "one" : "two");
  settings.batch = 3;
  settings.epochs = 8;
  settings.learning_rate = 1e-2F;
  settings.processes = processes;
  return sft(**model, rows(), rows(), settings, on_step);
}

// One of the processes that the tests below start; not a test of its own.
TEST(ProcessGroupWorker, Trains) {
  const char *folder = std::getenv("YANXING_TEST_FOLDER");
  if (folder == nullptr) {
    GTEST_SKIP() << "run by the other tests";
  }
  auto group = ProcessGroup::join();
  ASSERT_TRUE(group.ok()) << group.error().message();
  const bool leaves = std::getenv("YANXING_TEST_LEAVES") != nullptr && group->rank() == 1;
  const auto result = train(folder, &*group, [&](const StepReport &report) { return !leaves || report.step < 3; });
  ASSERT_TRUE(result.ok()) << result.error().message();
}

// Exit codes of two workers.
std::array<int, 2> run_two(const fs::path &folder, bool one_leaves) {
  const auto port = std::to_string(test::free_port());
  std::array<pid_t, 2> workers{};
  for (std::size_t rank = 0; rank < workers.size(); ++rank) {
    std::vector<std::string> words{"RANK=" + std::to_string(rank),
                                   "WORLD_SIZE=2",
                                   "LOCAL_WORLD_SIZE=2",
                                   "MASTER_ADDR=127.0.0.1",
                                   "MASTER_PORT=" + port,
                                   "YANXING_TEST_FOLDER=" + folder.string(),
                                   "OMP_NUM_THREADS=1",
                                   "ASAN_OPTIONS=detect_leaks=0"};
    if (one_leaves) {
      words.emplace_back("YANXING_TEST_LEAVES=1");
    }
    std::vector<char *> environment;
    for (auto &word : words) {
      environment.push_back(word.data());
    }
    environment.push_back(nullptr);
    std::string program = "/proc/self/exe";
    std::string filter = "--gtest_filter=ProcessGroupWorker.Trains";
    std::array<char *, 3> arguments{program.data(), filter.data(), nullptr};
    EXPECT_EQ(::posix_spawn(&workers[rank], program.c_str(), nullptr, nullptr, arguments.data(), environment.data()),
              0);
  }
  std::array<int, 2> codes{};
  for (std::size_t rank = 0; rank < workers.size(); ++rank) {
    int status = 0;
    ::waitpid(workers[rank], &status, 0);
    codes[rank] = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  return codes;
}

class DataParallel : public testing::Test {
protected:
  DataParallel() {
    EXPECT_TRUE(nn::tiny::write(folder_.path() / "model", nn::tiny::config(), nn::tiny::weights()).ok());
  }
  double loss_of(const fs::path &adapter) {
    auto model = nn::Model::load(folder_.path() / "model");
    EXPECT_TRUE((*model)->load_adapter(adapter).ok());
    auto alone = ProcessGroup::alone();
    return *mean_loss(**model, rows(), alone);
  }
  nn::tiny::Folder folder_{"data_parallel"};
};

TEST_F(DataParallel, TwoProcessesMakeTheRunThatOneMakes) {
  const auto one = train(folder_.path(), nullptr, {});
  ASSERT_TRUE(one.ok()) << one.error().message();
  EXPECT_EQ(run_two(folder_.path(), false), (std::array{0, 0}));
  const auto two = Checkpoints::latest(folder_.path() / "two");
  ASSERT_EQ(two.filename(), one->checkpoint.filename());
  EXPECT_NEAR(loss_of(two), loss_of(one->checkpoint), 1e-5);
  EXPECT_LT(loss_of(two), 2.0) << "and it has learnt something";
}

TEST_F(DataParallel, WhoeverIsLeftAloneSaysSo) { EXPECT_EQ(run_two(folder_.path(), true), (std::array{1, 0})); }

TEST(ShareRows, EveryoneHasAboutAsMuch) {
  EXPECT_EQ(share_rows({10, 50, 20, 30}, 2), (std::vector{0, 0, 1, 1}));
  EXPECT_EQ(share_rows({5, 6}, 1), (std::vector{0, 0}));
  EXPECT_EQ(share_rows({5}, 3), (std::vector{0}));
}

TEST(ProcessGroup, HalfAnEnvironmentIsRefused) {
  ::setenv("WORLD_SIZE", "2", 1);
  const auto group = ProcessGroup::join();
  ::unsetenv("WORLD_SIZE");
  ASSERT_FALSE(group.ok());
  EXPECT_NE(group.error().what.find("MASTER_ADDR"), std::string::npos);
  EXPECT_EQ(ProcessGroup::join()->size(), 1);
}

} // namespace
} // namespace yanxing::train
