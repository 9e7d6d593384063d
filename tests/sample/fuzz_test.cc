// Training rows that somebody else wrote.
#include "sample/dataset.h"

#include "support/fuzz.h"

#include <algorithm>

namespace yanxing::sample {
namespace {

constexpr const char *kRows[] = {
    R"({"messages":[{"role":"system","content":"S"},{"role":"user","content":[{"type":"text","text":"看"},{"type":"image_url","image_url":{"url":"a.png"}}]},{"role":"assistant","content":null,"loss":true,"tool_calls":[{"function":{"name":"f","arguments":"{\"a\":[1,2]}"}}]}],"tools":"[{\"name\":\"f\"}]","rejected_messages":[{"content":"bad"}],"label":1,"images":["b.png",{"path":"c.png"}],"objects":{"bbox":[[1,2,3,4]]}})",
    R"({"system":"S","conversations":[{"from":"human","value":"Q<audio>"},{"from":"gpt","value":"A"}],"audios":"a.wav"})",
    R"({"system":"S","query":"Q","response":"A","history":[["q","a"],["r","b"]],"rejected_response":"bad"})",
    R"({"instruction":"Q","input":"x","output":"A","label":false})",
    R"({"transcript":"打开灯","action":{"action":"lights","on":true},"actions":[{"name":"lights"}]})"};

void check(const Result<Sample> &sample) {
  if (!fuzz::told(sample)) {
    return;
  }
  EXPECT_NE(sample->decision.has_value(), sample->conversation.has_value());
  if (sample->conversation) {
    const auto &messages = sample->conversation->messages;
    EXPECT_TRUE(std::ranges::any_of(messages, [](const Message &message) { return message.learned; }));
    EXPECT_FALSE(dump(sample->conversation->tools).empty());
  }
}

TEST(DamagedSamples, OneByOne) {
  for (const auto *row : kRows) {
    fuzz::survives(row, fuzz::Form::kText, [](const std::string &text) {
      if (const auto json = parse_json(text, "row")) {
        check(sample_from_json(*json, "/data", "set:1"));
      }
    });
  }
}

TEST(DamagedSamples, OfAFile) {
  const fuzz::Scratch scratch;
  std::string lines;
  for (const auto *row : kRows) {
    lines += std::string(row) + "\n";
  }
  fuzz::survives(lines, fuzz::Form::kText, [&](const std::string &text) {
    auto reader = SampleReader::open(scratch.write("set.jsonl", text).string());
    ASSERT_TRUE(reader.ok());
    std::size_t read = 0;
    while (const auto sample = reader->next()) {
      check(*sample);
      ASSERT_LE(++read, text.size() + 1) << "each line is read once";
    }
  });
}

} // namespace
} // namespace yanxing::sample
