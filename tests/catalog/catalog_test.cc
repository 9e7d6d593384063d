#include "catalog/catalog.h"

#include "base/files.h"
#include "support/source.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <set>

namespace yanxing::catalog {
namespace {

namespace fs = std::filesystem;

Result<std::vector<Model>> ours() { return load_catalog(test::source("assets/catalog.json")); }

TEST(Catalog, OursIsWholeAndHasWhatTheDefaultsNeed) {
  const auto catalog = ours();
  ASSERT_TRUE(catalog) << catalog.error().message();
  for (const auto *name : {"qwen2.5-0.5b", "qwen2.5-1.5b", "whisper-base", "silero-vad", "pp-ocr-v6", "kokoro",
                           "pinyin", "smollm2-135m"}) {
    const auto *model = find_model(*catalog, name);
    ASSERT_NE(model, nullptr) << name;
    EXPECT_TRUE(model->by_default) << name;
  }
  EXPECT_EQ(find_model(*catalog, "no-such-model"), nullptr);
}

TEST(Catalog, EveryModelStatesItsLicenceAndSize) {
  const auto catalog = ours();
  ASSERT_TRUE(catalog);
  for (const auto &model : *catalog) {
    EXPECT_FALSE(model.licence.empty()) << model.name;
    EXPECT_FALSE(model.can.empty()) << model.name;
    for (const auto &file : model.files) {
      EXPECT_GT(file.bytes, 0U) << model.name << "/" << file.name;
      for (const auto &part : file.parts) {
        EXPECT_GT(part.archive_bytes, 0U) << part.package;
      }
      EXPECT_EQ(file.convert.empty(), !file.tokenizer.has_value()) << model.name;
    }
  }
}

TEST(Catalog, NoFileIsMadeTwiceOfTheSamePart) {
  const auto catalog = ours();
  ASSERT_TRUE(catalog);
  std::set<std::string> seen;
  for (const auto &model : *catalog) {
    for (const auto &file : model.files) {
      for (const auto &part : file.parts) {
        EXPECT_TRUE(seen.insert(part.package + ":" + part.member).second) << part.package << ":" << part.member;
      }
    }
  }
}

struct Broken {
  const char *text;
  const char *said; // what the error must name
};

class BrokenCatalog : public testing::TestWithParam<Broken> {};

TEST_P(BrokenCatalog, IsRefusedWithAReason) {
  const auto file = fs::temp_directory_path() / ("yanxing-broken-" + std::to_string(::getpid()) + ".json");
  ASSERT_TRUE(write_file(file, GetParam().text));
  const auto catalog = load_catalog(file);
  fs::remove(file);
  ASSERT_FALSE(catalog);
  EXPECT_NE(catalog.error().message().find(GetParam().said), std::string::npos) << catalog.error().message();
}

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ARCHIVES R"("archives":{"p":{"registry":"pypi","version":"1","file":"p.whl","bytes":1,"sha256":")" HASH R"("}})"
INSTANTIATE_TEST_SUITE_P(
    Catalog, BrokenCatalog,
    testing::Values(
        Broken{"[]", "not a catalog"}, Broken{R"({"archives":{},"models":[{"name":"../x"}]})", "plain folder name"},
        Broken{R"({"archives":{},"models":[{"name":"m","files":[]}]})", "no files"},
        Broken{R"({"archives":{},"models":[{"name":"m","files":[{"name":"f","sha256":"12","parts":["p:x"]}]}]})",
               "sha256"},
        Broken{R"({"archives":{},"models":[{"name":"m","files":[{"name":"f","sha256":")" HASH
               R"(","parts":["p:x"]}]}]})",
               "names no package"},
        Broken{"{" ARCHIVES R"(,"models":[{"name":"m","files":[{"name":"a/b","sha256":")" HASH
               R"(","parts":["p:x"]}]}]})",
               "plain name"},
        Broken{"{" ARCHIVES R"(,"models":[{"name":"m","files":[{"name":"f","convert":"magic","sha256":")" HASH
               R"(","parts":["p:x"]}]}]})",
               "no conversion"}));

} // namespace
} // namespace yanxing::catalog
