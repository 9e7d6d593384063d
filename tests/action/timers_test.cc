#include "action/timers.h"

#include "bench.h"

#include <thread>

namespace yanxing::action {
namespace {

TEST(Timers, SurviveARestartAndRingOnce) {
  const TemporaryFolder folder;
  const auto now = std::time(nullptr);
  ASSERT_TRUE(TimerBook(folder.path()).add("timer", "面", now + 60));
  ASSERT_TRUE(TimerBook(folder.path()).add("alarm", "", now + 5));
  TimerBook book(folder.path());
  ASSERT_EQ(book.all().size(), 2U);
  EXPECT_EQ(book.all()[0].kind, "alarm");
  EXPECT_TRUE(book.take_due(now)->empty());
  ASSERT_EQ(book.take_due(now + 5)->size(), 1U);
  EXPECT_TRUE(book.take_due(now + 5)->empty());
  EXPECT_EQ(book.all()[0].label, "面");
}

TEST(Timers, OnlyTheOneThatWasMeantIsRemoved) {
  const TemporaryFolder folder;
  TimerBook book(folder.path());
  const auto first = *book.add("timer", "", 100);
  ASSERT_EQ(book.take_due(100)->size(), 1U);
  const auto second = *book.add("timer", "", 200);
  EXPECT_EQ(first.id, second.id);                 // ids are used again …
  EXPECT_FALSE(book.remove(first.id, first.due)); // … so the moment tells them apart
  EXPECT_TRUE(book.remove(second.id, second.due));
  EXPECT_FALSE(book.remove(second.id));
}

TEST(Timers, ABrokenBookIsNotWrittenOver) {
  const TemporaryFolder folder;
  folder.write("timers.json", "[{\"id\":");
  EXPECT_FALSE(TimerBook(folder.path()).add("timer", "", 1));
  EXPECT_EQ(std::filesystem::file_size(folder.path() / "timers.json"), 7U);
}

TEST(Timers, ManyAtOnceAreAllKept) {
  const TemporaryFolder folder;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] { EXPECT_TRUE(TimerBook(folder.path()).add("timer", std::to_string(i), 100 + i)); });
  }
  for (auto &thread : threads) {
    thread.join();
  }
  EXPECT_EQ(TimerBook(folder.path()).all().size(), 8U);
}

TEST(Ringer, IsOneAtATimeAndNoTestStartsOne) {
  const TemporaryFolder folder;
  EXPECT_FALSE(ensure_ringer(folder.path()));
  const auto lock = RingerLock::take(folder.path());
  EXPECT_TRUE(lock);
  EXPECT_FALSE(RingerLock::take(folder.path()));
  EXPECT_TRUE(ensure_ringer(folder.path())); // one is on duty
}

} // namespace
} // namespace yanxing::action
