#include "server/desk.h"

#include <gtest/gtest.h>

#include <string>

namespace yanxing::server {
namespace {

TEST(Desk, OpensOnFirstUseAndAgainWhenThePartIsMadeOfSomethingElse) {
  std::string adapter = "one";
  int opened = 0;
  Desk<std::string> desk(
      [&] {
        ++opened;
        return Result<std::unique_ptr<std::string>>(std::make_unique<std::string>(adapter));
      },
      [&] { return adapter; });
  EXPECT_EQ(opened, 0);
  EXPECT_EQ(**desk.take(), "one");
  EXPECT_EQ(**desk.take(), "one");
  EXPECT_EQ(opened, 1);
  adapter = "two";
  EXPECT_EQ(**desk.take(), "two");
  EXPECT_EQ(opened, 2);
}

TEST(Desk, KeepsWhatItHasWhereTheNewOneCannotBeOpened) {
  std::string adapter = "one";
  int opened = 0;
  Desk<std::string> desk(
      [&]() -> Result<std::unique_ptr<std::string>> {
        ++opened;
        if (adapter == "broken") {
          return Error{"cannot be read", ""};
        }
        return std::make_unique<std::string>(adapter);
      },
      [&] { return adapter; });
  EXPECT_EQ(**desk.take(), "one");
  adapter = "broken";
  EXPECT_EQ(**desk.take(), "one");
  EXPECT_EQ(**desk.take(), "one");
  EXPECT_EQ(opened, 2) << "tried once, not in every turn";
}

TEST(Desk, TriesAgainWhereNothingIsThere) {
  bool is_there = false;
  Desk<int> desk([&]() -> Result<std::unique_ptr<int>> {
    if (!is_there) {
      return Error{"not yet", ""};
    }
    return std::make_unique<int>(7);
  });
  EXPECT_FALSE(desk.take().ok());
  is_there = true;
  EXPECT_EQ(**desk.take(), 7);
}

} // namespace
} // namespace yanxing::server
