#include "os/process.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>
#include <unistd.h>

namespace yanxing::os {
namespace {

using Clock = std::chrono::steady_clock;

TEST(Process, GivesOutputErrorsAndExitCode) {
  const auto done = run_process({"sh", "-c", "printf out; printf err >&2; exit 3"}, 5000);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(done->output, "out");
  EXPECT_EQ(done->errors, "err");
  EXPECT_EQ(done->exit_code, 3);
}

TEST(Process, ArgumentsAreNotInterpreted) {
  const auto done = run_process({"printf", "%s", "$(id); `id` *"}, 5000);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->output, "$(id); `id` *");
}

TEST(Process, LargeInputAndOutputDoNotBlockEachOther) {
  const std::string input(3 << 20, 'x');
  const auto done = run_process({"cat"}, 20000, input);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(done->output.size(), std::size_t{1} << 20);  // what is kept is bounded
  const auto deaf = run_process({"true"}, 20000, input); // it never reads: we survive it
  ASSERT_TRUE(deaf);
  EXPECT_EQ(deaf->exit_code, 0);
}

TEST(Process, IsEndedWithItsChildrenWhenItTakesTooLong) {
  const auto started = Clock::now();
  const auto late = run_process({"sh", "-c", "sleep 60 & sleep 60"}, 300);
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().what.find("300 ms"), std::string::npos);
  EXPECT_LT(Clock::now() - started, std::chrono::seconds(5));
}

TEST(Process, AGrandchildThatHoldsTheOutputIsNotWaitedFor) {
  const auto started = Clock::now();
  const auto done = run_process({"sh", "-c", "sleep 4 & echo started"}, 20000);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(done->output, "started\n");
  EXPECT_LT(Clock::now() - started, std::chrono::seconds(3));
}

TEST(Process, MissingProgramsAreNamed) {
  const auto missing = run_process({"no-such-program"}, 1000);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().what.find("no-such-program"), std::string::npos);
  EXPECT_FALSE(start_process({"no-such-program"}));
  EXPECT_FALSE(run_process({}, 1000));
  EXPECT_FALSE(start_process({}));
  EXPECT_EQ(find_program("no-such-program"), "");
  EXPECT_NE(find_program("sh"), "");
}

TEST(Process, StartedOnesRunOnTheirOwnAndLeaveNoZombie) {
  const auto file = std::filesystem::temp_directory_path() / ("yanxing-started-" + std::to_string(::getpid()));
  ASSERT_TRUE(start_process({"sh", "-c", "echo $$ > " + file.string()}));
  std::string pid;
  for (int i = 0; i < 200 && pid.empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::ifstream(file) >> pid;
  }
  ASSERT_FALSE(pid.empty());
  bool gone = false;
  for (int i = 0; i < 200 && !gone; ++i) {
    gone = !std::filesystem::exists("/proc/" + pid);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_TRUE(gone);
  std::filesystem::remove(file);
}

} // namespace
} // namespace yanxing::os
