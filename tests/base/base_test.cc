#include "base/config.h"
#include "base/files.h"
#include "base/shapes.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

namespace yanxing {
namespace {

std::filesystem::path scratch(const std::string &name) {
  return std::filesystem::temp_directory_path() / ("yanxing-base-" + std::to_string(::getpid()) + "-" + name);
}

TEST(Json, ErrorsNameLineAndColumn) {
  const auto bad = parse_json("{\n  \"a\": 1,\n  oops\n}", "f.json");
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().what.find("f.json:3:"), std::string::npos) << bad.error().what;
}

TEST(Json, ANumberBeyondAllBoundsIsAnError) {
  for (const auto *text : {"1e999", "[-1e999]"}) {
    const auto bad = parse_json(text, "f.json");
    ASSERT_FALSE(bad) << text;
    EXPECT_NE(bad.error().what.find("f.json: "), std::string::npos) << bad.error().what;
  }
}

TEST(Files, WritesAreAtomicAndMissingFilesAreErrors) {
  const auto file = scratch("file");
  ASSERT_TRUE(write_file(file, "one"));
  ASSERT_TRUE(write_file(file, "two"));
  EXPECT_EQ(*read_file(file), "two");
  EXPECT_FALSE(read_file(file, 2));
  EXPECT_FALSE(read_file(scratch("nothing")));
  EXPECT_FALSE(write_file("/proc/no/such/place", "x"));
  std::filesystem::remove(file);
}

TEST(Settings, UnknownKeysAndWrongTypesNameTheLine) {
  const auto file = scratch("config.toml");
  ASSERT_TRUE(write_file(file, "threads = 3\nendpoint_ms = 400\n"));
  EXPECT_EQ(load_settings(file)->endpoint_ms, 400);
  ASSERT_TRUE(write_file(file, "threads = 3\nspeling = 1\n"));
  EXPECT_NE(load_settings(file).error().what.find(":2:"), std::string::npos);
  ASSERT_TRUE(write_file(file, "threads = \"three\"\n"));
  EXPECT_NE(load_settings(file).error().what.find("whole number"), std::string::npos);
  ASSERT_TRUE(write_file(file, "# 话筒\nvoice_zh = \"音 \\\"色\" # é\nvoice_en = 'é'\n"));
  EXPECT_EQ(load_settings(file)->voice_zh, "音 \"色");
  ASSERT_TRUE(write_file(file, "# 话筒\nvoice_zh = \"\"\"a\n\"b\"\"\" é\n"));
  EXPECT_NE(load_settings(file).error().what.find(":3: a character beyond ASCII"), std::string::npos);
  EXPECT_TRUE(load_settings(scratch("absent")).ok());
  std::filesystem::remove(file);
}

TEST(Shapes, ActionsRoundTrip) {
  const auto json = *parse_json(R"({"action":"share","target":"current_table","recipient":"李经理"})", "t");
  const auto actions = actions_from_json(json, "t");
  ASSERT_TRUE(actions);
  EXPECT_EQ(to_json(actions->front()), json);
  const auto several = *parse_json(R"({"actions":[{"action":"a"},{"action":"none","reply":"no"}]})", "t");
  EXPECT_EQ(actions_from_json(several, "t")->size(), 2U);
  EXPECT_FALSE(actions_from_json(*parse_json("[1]", "t"), "t"));
  const auto clash = *parse_json(R"({"action":"x","arguments":{"action":"walk"}})", "t");
  EXPECT_EQ(to_json(actions_from_json(clash, "t")->front()), clash) << "a parameter called action keeps its place";
}

TEST(Shapes, ScreensAreChecked) {
  const auto screen = [](const char *text) { return screen_from_json(*parse_json(text, "s"), "s"); };
  EXPECT_TRUE(screen(R"({"size":[10,20],"elements":[{"id":"a","box":[1,2,3,4]}]})"));
  EXPECT_FALSE(screen(R"({"elements":[{"kind":"button"}]})"));
  EXPECT_FALSE(screen(R"({"elements":[{"id":"a"},{"id":"a"}]})"));
  EXPECT_FALSE(screen(R"({"elements":[{"id":"a","box":[1,2]}]})"));
  EXPECT_FALSE(screen(R"({"size":"big"})"));
  EXPECT_TRUE(screen(R"({"elements":[{"id":"a","box":[1e300,-1e300,3,4]}]})")) << "absurd numbers are clamped";
}

TEST(Shapes, LanguageIsToldByScript) {
  EXPECT_EQ(language_of("打开 Excel"), Language::kChinese);
  EXPECT_EQ(language_of("open it"), Language::kEnglish);
}

} // namespace
} // namespace yanxing
