// Rows of eval sets that somebody else wrote.
#include "eval/dataset.h"

#include "support/fuzz.h"

namespace yanxing::eval {
namespace {

constexpr const char *kRow =
    R"({"id":7,"lang":"zh","transcript":"把这个表格发给李经理","audio":"sound/a.wav","screen":{"size":[800,600],"elements":[{"id":"t","kind":"table","box":[1,2,3,4]}]},"screenshot":"a.png","actions":[{"name":"share"}],"contacts":[{"name":"李建国","email":"li@example.com"}],"history":[{"transcript":"你好","action":{"action":"none"}}],"action":{"action":"share","target":{"any_of":["t","u"]}},"gold_box":[1,2,3,4],"text":"把"})";

void check(const Row &row) {
  EXPECT_FALSE(row.transcript.empty() && row.audio.empty());
  EXPECT_TRUE(row.screen.is_null() || screen_from_json(row.screen, "again").ok());
}

TEST(DamagedRows, OneByOne) {
  fuzz::survives(kRow, fuzz::Form::kText, [](const std::string &text) {
    const auto json = parse_json(text, "row");
    if (!json) {
      return;
    }
    const auto row = row_from_json(*json, "/data", "set:1");
    if (fuzz::told(row)) {
      check(*row);
    }
  });
}

TEST(DamagedRows, OfAFile) {
  const fuzz::Scratch scratch;
  const auto whole = std::string("\xEF\xBB\xBF") + kRow + "\r\n\n" + R"({"audio":"b.wav","text":"what is it"})" + "\n" +
                     R"({"transcript":"x","action":{"actions":[{"action":"a","n":1.5},{"action":"none"}]}})";
  fuzz::survives(whole, fuzz::Form::kText, [&](const std::string &text) {
    auto reader = DatasetReader::open(scratch.write("set.jsonl", text));
    ASSERT_TRUE(reader.ok());
    std::size_t read = 0;
    while (const auto row = reader->next()) {
      if (fuzz::told(*row)) {
        check(row->value());
        EXPECT_FALSE(row->value().id.empty());
      }
      ASSERT_LE(++read, text.size() + 1) << "each line is read once";
    }
  });
}

} // namespace
} // namespace yanxing::eval
