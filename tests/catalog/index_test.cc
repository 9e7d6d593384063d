#include "catalog/index.h"

#include <gtest/gtest.h>

namespace yanxing::catalog {
namespace {

constexpr const char *kJsonType = "application/vnd.pypi.simple.v1+json";

TEST(SimpleIndex, FindsTheFileByItsHashInJson) {
  const Page page{R"({"files":[{"filename":"a","url":"https://files.test/a","hashes":{"sha256":"aa"}},
                      {"filename":"b","url":"../../files/b.whl","hashes":{"sha256":"bb"}}]})",
                  kJsonType, "https://index.test/simple/p/"};
  EXPECT_EQ(find_in_simple_index(page, "aa"), "https://files.test/a");
  EXPECT_EQ(find_in_simple_index(page, "bb"), "https://index.test/files/b.whl");
  EXPECT_EQ(find_in_simple_index(page, "cc"), "");
}

TEST(SimpleIndex, FindsTheFileByItsHashInHtml) {
  const Page page{"<a href=\"https://files.test/a#sha256=aa\">a</a>\n<a href='/get?x=1&amp;y=2#sha256=bb'>b</a>",
                  "text/html; charset=utf-8", "https://index.test/simple/p/"};
  EXPECT_EQ(find_in_simple_index(page, "aa"), "https://files.test/a");
  EXPECT_EQ(find_in_simple_index(page, "bb"), "https://index.test/get?x=1&y=2");
  EXPECT_EQ(find_in_simple_index(page, "cc"), "");
}

TEST(SimpleIndex, GarbageGivesNothing) {
  for (const auto *body : {"", "{", "[1]", R"({"files":[{}]})", "#sha256=aa"}) {
    EXPECT_EQ(find_in_simple_index({body, kJsonType, "https://index.test/"}, "aa"), "") << body;
    EXPECT_EQ(find_in_simple_index({body, "text/html", "https://index.test/"}, "aa"), "") << body;
    EXPECT_EQ(find_tarball({body, "application/json", "https://npm.test/"}), "") << body;
  }
}

TEST(NpmRegistry, FindsTheTarball) {
  EXPECT_EQ(find_tarball({R"({"dist":{"tarball":"https://npm.test/p.tgz"}})", "application/json", ""}),
            "https://npm.test/p.tgz");
}

} // namespace
} // namespace yanxing::catalog
