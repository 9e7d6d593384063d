#include "eval/dataset.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace yanxing::eval {
namespace fs = std::filesystem;
namespace {

// A set of its own folder, gone at the end.
class Set {
public:
  explicit Set(const std::string &content) {
    auto pattern = (fs::temp_directory_path() / "yanxing-set-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    put("set.jsonl", content);
  }
  Set(const Set &) = delete;
  Set &operator=(const Set &) = delete;
  ~Set() { fs::remove_all(folder_); }
  void put(const std::string &name, const std::string &content) const { std::ofstream(folder_ / name) << content; }
  [[nodiscard]] fs::path file() const { return folder_ / "set.jsonl"; }
  [[nodiscard]] fs::path folder() const { return folder_; }
  [[nodiscard]] DatasetReader reader() const { return DatasetReader::open(file()).value(); }

private:
  fs::path folder_;
};

TEST(Dataset, ReadsEveryField) {
  const Set set(
      "\xEF\xBB\xBF"
      R"({"id":"a","lang":"zh","transcript":"把这个表格发给李经理","audio":"sound/a.wav","screen":"screen.json","screenshot":"a.png","actions":"deeds","contacts":[{"name":"李建国","email":"li@example.com"}],"history":[{"transcript":"你好","action":{"action":"none"}}],"action":{"action":"share","target":"t"},"gold_box":[1,2,3,4]})"
      "\r\n\n"
      R"({"audio":"/abs/b.wav","text":"what is it","lang":"en-US"})");
  set.put("screen.json", R"({"size":[800,600],"elements":[{"id":"t","kind":"table","box":[1,2,3,4]}]})");
  auto reader = set.reader();
  const auto first = reader.next();
  ASSERT_TRUE(first && first->ok()) << (first ? first->error().message() : "no row");
  const auto &row = first->value();
  EXPECT_EQ(row.id, "a");
  EXPECT_EQ(row.language, Language::kChinese);
  EXPECT_EQ(row.audio, set.folder() / "sound/a.wav");
  EXPECT_EQ(row.screenshot, set.folder() / "a.png");
  EXPECT_EQ(row.screen["elements"][0]["id"], "t");
  EXPECT_EQ(row.actions, (set.folder() / "deeds").string());
  ASSERT_TRUE(row.contacts);
  EXPECT_EQ(row.contacts->at(0).name, "李建国");
  EXPECT_EQ(row.history.at(0).decision, R"({"action":"none"})");
  ASSERT_TRUE(row.gold && row.gold->box);
  EXPECT_EQ(row.gold->actions.at(0).name, "share");
  EXPECT_EQ(*row.gold->box, (Box{1, 2, 3, 4}));
  EXPECT_FALSE(row.gold_text);

  const auto second = reader.next();
  ASSERT_TRUE(second && second->ok());
  EXPECT_EQ(second->value().id, "row 3"); // the empty line counts
  EXPECT_EQ(second->value().audio, "/abs/b.wav");
  EXPECT_EQ(second->value().gold_text, "what is it");
  EXPECT_FALSE(second->value().gold);
  EXPECT_FALSE(second->value().contacts);
  EXPECT_TRUE(second->value().actions.is_null());
  EXPECT_FALSE(reader.next());
}

TEST(Dataset, ABadRowNamesItsLineAndReadingGoesOn) {
  const char *bad[] = {"{\"id\":",
                       "[1]",
                       "{}",
                       R"({"transcript":5})",
                       R"({"transcript":"x","lang":"fr"})",
                       R"({"transcript":"x","screen":{"elements":[{"kind":"text"}]}})",
                       R"({"transcript":"x","screen":"absent.json"})",
                       R"({"transcript":"x","actions":7})",
                       R"({"transcript":"x","contacts":[{}]})",
                       R"({"transcript":"x","history":"y"})",
                       R"({"transcript":"x","action":{"actions":[]}})",
                       R"({"transcript":"x","action":{"action":"a"},"gold_box":[1]})",
                       R"({"transcript":"x","text":["y"]})",
                       "{\"transcript\":\"\xff\xfe\"}"};
  std::string content;
  for (const auto *line : bad) {
    content += std::string(line) + "\n";
  }
  content += "{\"transcript\":\"" + std::string(100000, 'x') + "\"}\n"; // a text without end
  content += std::string(300, '[') + std::string(300, ']') + "\n";      // nested without end
  content += R"({"transcript":"good"})";
  const Set set(content);
  auto reader = set.reader();
  for (std::size_t line = 1; line <= std::size(bad) + 2; ++line) {
    const auto row = reader.next();
    ASSERT_TRUE(row) << line;
    ASSERT_FALSE(row->ok()) << line;
    EXPECT_TRUE(row->error().what.starts_with(set.file().string() + ":" + std::to_string(line) + ": "))
        << row->error().what;
  }
  const auto last = reader.next();
  ASSERT_TRUE(last && last->ok());
  EXPECT_EQ(last->value().transcript, "good");
}

TEST(Dataset, ARowOfAnyLengthIsSkippedInBoundedMemory) {
  const Set set("{\"id\":\"" + std::string(17U << 20U, 'x') + "\"}\n" + R"({"transcript":"good"})" + "\n");
  auto reader = set.reader();
  const auto first = reader.next();
  ASSERT_TRUE(first && !first->ok());
  EXPECT_NE(first->error().what.find(":1: "), std::string::npos);
  const auto second = reader.next();
  ASSERT_TRUE(second && second->ok());
  EXPECT_EQ(reader.line(), 2U);
}

TEST(Dataset, AFileThatIsNoneIsOneClearSentence) {
  const auto absent = DatasetReader::open("no-such-file.jsonl");
  ASSERT_FALSE(absent.ok());
  EXPECT_NE(absent.error().what.find("no-such-file.jsonl"), std::string::npos);
  EXPECT_FALSE(DatasetReader::open(fs::temp_directory_path()).ok());
}

} // namespace
} // namespace yanxing::eval
