#include "pack/sides.h"
#include "sample/dataset.h"
#include "sample/encode.h"
#include "sample/prepare.h"
#include "screen/look.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <unistd.h>

namespace yanxing::sample {
namespace {

namespace fs = std::filesystem;

Json json(const std::string &text) { return Json::parse(text); }

Result<Sample> read(const std::string &text) { return sample_from_json(json(text), "/data", "set.jsonl:3"); }

// One token a byte; special texts are bytes too, so that what is encoded can be read.
Tokenizer bytes() {
  return {[](std::string_view text, bool) {
            std::vector<llm::Token> tokens;
            for (const char c : text) {
              tokens.push_back(static_cast<unsigned char>(c));
            }
            return tokens;
          },
          0};
}

std::string text_of(const Encoded &encoded, std::int64_t begin, std::int64_t end) {
  std::string text;
  for (auto i = begin; i < end; ++i) {
    const auto token = encoded.tokens[static_cast<std::size_t>(i)];
    text += token == 0 ? std::string("⏎") : std::string(1, static_cast<char>(token));
  }
  return text;
}
std::string learned(const Encoded &encoded) {
  std::string text;
  for (const auto &[begin, end] : encoded.supervised) {
    text += text_of(encoded, begin, end);
  }
  return text;
}
std::string whole(const Encoded &encoded) {
  return text_of(encoded, 0, static_cast<std::int64_t>(encoded.tokens.size()));
}

const char *kTools =
    R"([{"type":"function","function":{"name":"share","description":"Send it","parameters":{"type":"object",
 "properties":{"target":{"type":"string","x-kind":"element"},"to":{"type":"string","x-kind":"contact"}},"required":["target","to"]}}},
 {"type":"function","function":{"name":"lights","parameters":{"type":"object","properties":{"on":{"type":"boolean"}},"required":["on"]}}}])";

std::string decision(const std::string &transcript, const std::string &action) {
  return R"({"transcript":")" + transcript + R"(","action":)" + action + R"(,"actions":)" + kTools +
         R"(,"screen":{"size":[10,10],"title":"预算","elements":[{"id":"current_table","kind":"table","name":"预算"}]}})";
}

TEST(Encoder, WritesWhatTheDeciderReadsAndLearnsTheAnswer) {
  const auto sample =
      read(decision("把这个表格发给李经理", R"({"action":"share","to":"李经理","target":"current_table"})"));
  ASSERT_TRUE(sample) << sample.error().message();
  Encoder encoder(bytes(), nullptr, nullptr);
  const auto encoded = encoder.encode(*sample);
  ASSERT_TRUE(encoded) << encoded.error().message();
  ASSERT_EQ(encoded->parts.size(), 1U);
  EXPECT_EQ(learned(encoded->parts[0]), R"({"action":"share","target":"current_table","to":"李经理"}⏎)")
      << "in schema order";
  const auto text = whole(encoded->parts[0]);
  EXPECT_NE(text.find("share(target: element, to: person): Send it"), std::string::npos);
  EXPECT_NE(
      text.find("Screen: 预算\ncurrent_table \"预算\"\nUser: 把这个表格发给李经理<|im_end|>\n<|im_start|>assistant\n{"),
      std::string::npos)
      << text;
}

TEST(Encoder, NothingToDoIsLearnedWithoutItsReply) {
  const auto sample = read(decision("你好", R"({"action":"none","reply":"你好"})"));
  const auto encoded = Encoder(bytes(), nullptr, nullptr).encode(*sample);
  EXPECT_EQ(learned(encoded->parts.at(0)), R"({"action":"none"}⏎)");
}

TEST(Encoder, ACompoundSentenceIsLearnedRequestByRequest) {
  const auto sample = read(decision(
      "把这个表格发给王芳，然后开灯",
      R"({"actions":[{"action":"share","target":"current_table","to":"王芳"},{"action":"lights","on":true}]})"));
  const auto encoded = Encoder(bytes(), nullptr, nullptr).encode(*sample);
  ASSERT_EQ(encoded->parts.size(), 2U);
  EXPECT_EQ(learned(encoded->parts[1]), R"({"action":"lights","on":true}⏎)");
  EXPECT_NE(whole(encoded->parts[1]).find("User: 把这个表格发给王芳<|im_end|>"), std::string::npos)
      << "the first as history";
}

TEST(Encoder, AFewWordsBeforeARequestAskForNothing) {
  const auto lead_in = read(decision("不好意思，打开灯", R"({"action":"lights","on":true})"));
  EXPECT_EQ(Encoder(bytes(), nullptr, nullptr).encode(*lead_in)->parts.size(), 1U) << "no request before the comma";
  const auto sample = read(decision("不好意思，然后打开灯", R"({"action":"lights","on":true})"));
  const auto encoded = Encoder(bytes(), nullptr, nullptr).encode(*sample);
  ASSERT_EQ(encoded->parts.size(), 2U);
  EXPECT_EQ(learned(encoded->parts[0]), R"({"action":"none"}⏎)");
  EXPECT_EQ(learned(encoded->parts[1]), R"({"action":"lights","on":true}⏎)");
  const auto apart =
      read(decision("把这个表格发给，打开后王芳", R"({"action":"share","target":"current_table","to":"这个"})"));
  EXPECT_EQ(Encoder(bytes(), nullptr, nullptr).encode(*apart)->parts.size(), 1U) << "what the call needs stands before";
}

TEST(Encoder, RefusesGoldThatTheActionsDoNotHave) {
  Encoder encoder(bytes(), nullptr, nullptr);
  for (const auto *action : {R"({"action":"fly"})", R"({"action":"lights","colour":"red"})"}) {
    const auto encoded = encoder.encode(*read(decision("飞", action)));
    ASSERT_FALSE(encoded);
    EXPECT_NE(encoded.error().what.find("set.jsonl:3"), std::string::npos);
  }
}

TEST(Conversations, AllFormsSayTheSame) {
  Encoder encoder(bytes(), nullptr, nullptr);
  std::vector<std::string> texts;
  for (
      const auto *row :
      {R"({"messages":[{"role":"system","content":"S"},{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})",
       R"({"system":"S","conversations":[{"from":"human","value":"Q"},{"from":"gpt","value":"A"}]})",
       R"({"system":"S","query":"Q","response":"A"})", R"({"system":"S","instruction":"Q","input":"","output":"A"})"}) {
    const auto sample = read(row);
    ASSERT_TRUE(sample) << row << sample.error().message();
    const auto encoded = encoder.encode(*sample);
    EXPECT_EQ(learned(encoded->parts.at(0)), "A⏎");
    texts.push_back(whole(encoded->parts.at(0)));
  }
  for (const auto &text : texts) {
    EXPECT_EQ(text, texts.front());
  }
  EXPECT_EQ(texts.front(),
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA⏎\n");
}

TEST(Conversations, EachAnswerIsLearnedUnlessItsLossIsOff) {
  const auto sample =
      read(R"({"messages":[{"role":"user","content":"1"},{"role":"assistant","content":"a","loss":false},
                               {"role":"user","content":"2"},{"role":"assistant","content":"b"}]})");
  EXPECT_EQ(learned(Encoder(bytes(), nullptr, nullptr).encode(*sample)->parts.at(0)), "b⏎");
}

TEST(Conversations, PreferencesPicturesAndTools) {
  const auto sample = read(
      R"({"messages":[{"role":"user","content":"<image>what"},{"role":"assistant","content":"good"}],"images":["a/b.png"],
          "rejected_response":"bad","label":1,"tools":[{"name":"f"}],"objects":{"bbox":[[1,2,3,4]]}})");
  ASSERT_TRUE(sample) << sample.error().message();
  EXPECT_EQ(sample->conversation->images.at(0), fs::path("/data/a/b.png"));
  EXPECT_EQ(sample->conversation->label, true);
  const auto blind = Encoder(bytes(), nullptr, nullptr).encode(*sample);
  ASSERT_FALSE(blind);
  EXPECT_NE(blind.error().what.find("this model only reads"), std::string::npos);
  auto unseen = *sample;
  unseen.conversation->images.clear();
  unseen.conversation->messages.at(0).content = "what";
  const auto encoded = Encoder(bytes(), nullptr, nullptr).encode(unseen);
  ASSERT_TRUE(encoded) << encoded.error().message();
  EXPECT_EQ(learned(encoded->rejected.at(0)), "bad⏎");
  EXPECT_NE(whole(encoded->parts[0]).find(R"(<tools>
{"type":"function","function":{"name":"f"}}
</tools>)"),
            std::string::npos);
}

TEST(Conversations, ABadRowIsNamed) {
  for (const auto *row :
       {R"([])", R"({})", R"({"messages":[]})", R"({"messages":"x"})",
        R"({"messages":[{"role":"king","content":"x"}]})", R"({"messages":[{"role":"user","content":"x"}]})",
        R"({"transcript":"x"})", R"({"transcript":"x","action":7})",
        R"({"messages":[{"role":"assistant","content":"<image>"}]})",
        R"({"messages":[{"role":"assistant","content":7}]})", R"({"query":"q","response":"a","history":[1]})",
        R"({"query":"q","response":"a","history":7})", R"({"query":"q","response":"a","label":"yes"})",
        R"({"query":"q","response":"a","tools":{"a":1}})", R"({"messages":[7]})",
        R"({"conversations":[{"value":"x"}]})"}) {
    const auto sample = read(row);
    ASSERT_FALSE(sample) << row;
    EXPECT_NE(sample.error().what.find("set.jsonl:3"), std::string::npos) << row;
  }
}

// Brackets inside a text escape the limit on how deep a row may be nested; copying such a value overflowed the stack.
TEST(Conversations, JsonInsideATextIsBoundedToo) {
  const std::string deep(200000, '[');
  const auto nested = deep + std::string(deep.size(), ']');
  const Json messages{{{"role", "user"}, {"content", "Q"}},
                      {{"role", "assistant"}, {"tool_calls", {{{"name", "f"}, {"arguments", nested}}}}}};
  const auto call = sample_from_json({{"messages", messages}}, "/data", "set.jsonl:3");
  ASSERT_TRUE(call) << call.error().message();
  EXPECT_NE(call->conversation->messages.at(1).content.find(deep), std::string::npos)
      << "it stays the text that it was";
  EXPECT_FALSE(sample_from_json({{"query", "Q"}, {"response", "A"}, {"tools", nested}}, "/data", "set.jsonl:3"));
}

class Files : public testing::Test {
protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  std::string write(const std::string &name, const std::string &text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  fs::path folder_ = fs::temp_directory_path() / ("yanxing-sample-" + std::to_string(::getpid()));
};

TEST_F(Files, ReadsLinesListsAndTheFirstFew) {
  const auto lines =
      write("a.jsonl", "{\"query\":\"1\",\"response\":\"a\"}\n\nnot json\n{\"query\":\"2\",\"response\":\"b\"}\n");
  auto reader = SampleReader::open(lines);
  ASSERT_TRUE(reader);
  EXPECT_TRUE(*reader->next());
  const auto bad = reader->next();
  ASSERT_FALSE(*bad);
  EXPECT_NE(bad->error().what.find("a.jsonl:3"), std::string::npos) << "reading goes on after it";
  EXPECT_EQ((*reader->next())->conversation->messages[0].content, "2");
  EXPECT_FALSE(reader->next());

  auto first = SampleReader::open(lines + "#1");
  EXPECT_TRUE(first->next());
  EXPECT_FALSE(first->next());

  auto list = SampleReader::open(write("b.json", R"([{"query":"1","response":"a"},{"query":"2","response":"b"}])"));
  EXPECT_TRUE(list->next());
  EXPECT_TRUE(list->next());
  EXPECT_FALSE(list->next());
}

TEST_F(Files, ArePreparedWindowByWindow) {
  std::string rows;
  for (int i = 0; i < 200; ++i) {
    rows += R"({"query":"what is )" + std::to_string(i) + R"(","response":"a"})" + "\n";
  }
  const auto file = write("g.jsonl", rows + "{}\n");
  Encoder encoder(bytes(), nullptr, nullptr);
  PrepareSettings settings;
  settings.packing = {512, true, 16};
  settings.window = 50;
  settings.validation = 0.5;
  std::vector<std::string> bad;
  const auto prepared =
      prepare({file, file + "#10"}, encoder, settings, [&](const Error &error) { bad.push_back(error.what); });
  ASSERT_TRUE(prepared) << prepared.error().message();
  EXPECT_EQ(prepared->samples, 210U);
  ASSERT_EQ(bad.size(), 1U);
  EXPECT_NE(bad[0].find("g.jsonl:201"), std::string::npos);
  std::size_t learned = 0;
  std::size_t held = 0;
  for (const auto &row : prepared->rows) {
    learned += row.samples.size();
  }
  for (const auto &row : prepared->validation) {
    held += row.samples.size();
  }
  EXPECT_EQ(learned + held, 210U);
  EXPECT_EQ(held, 64U + 18U) << "blocks 1 and 3";
  settings.strict = true;
  EXPECT_FALSE(prepare({file}, encoder, settings));
  EXPECT_FALSE(prepare({write("h.jsonl", "")}, encoder, settings));
}

// The answers of each side, by the data set's index, as the rows' targets have them.
std::map<std::pair<std::int64_t, pack::Side>, std::string> answers_in(const std::vector<pack::PackedRow> &rows) {
  std::map<std::pair<std::int64_t, pack::Side>, std::string> answers;
  for (const auto &row : rows) {
    for (const auto &target : row.targets) {
      const auto sample = row.samples[static_cast<std::size_t>(target.sample)];
      answers[{pack::index_of(sample), pack::side_of(sample)}] +=
          target.token == 0 ? "." : std::string(1, static_cast<char>(target.token));
    }
  }
  return answers;
}

TEST_F(Files, PairsStandInOneRowOverOnePrompt) {
  const auto file = write(
      "pairs.jsonl",
      R"({"messages":[{"role":"user","content":"1"},{"role":"assistant","content":"old"},{"role":"user","content":"2"},{"role":"assistant","content":"good"}],"rejected_response":"worse"})"
      "\n" +
          [] {
            auto row = Json::parse(decision("lights on", R"({"action":"lights","on":true})"));
            row["rejected_action"] = {{"action", "none"}};
            return row.dump();
          }() +
          "\n" + R"({"query":"q","response":"a"})" + "\n" + R"({"query":"q","response":"a","rejected_response":"a"})");
  Encoder encoder(bytes(), nullptr, nullptr);
  PrepareSettings settings;
  settings.answers = Answers::kPairs;
  settings.packing = {20000, true, 16};
  std::vector<std::string> bad;
  const auto prepared = prepare({file}, encoder, settings, [&](const Error &error) { bad.push_back(error.message()); });
  ASSERT_TRUE(prepared) << prepared.error().message();
  const auto answers = answers_in(prepared->rows);
  EXPECT_EQ(answers.at({0, pack::Side::kChosen}), "good.") << "earlier answers are not judged";
  EXPECT_EQ(answers.at({0, pack::Side::kRejected}), "worse.");
  EXPECT_EQ(answers.at({1, pack::Side::kChosen}), "{\"action\":\"lights\",\"on\":true}.");
  EXPECT_EQ(answers.at({1, pack::Side::kRejected}), "{\"action\":\"none\"}.");
  ASSERT_EQ(bad.size(), 2U);
  EXPECT_NE(bad[0].find("rejected_response"), std::string::npos);
  EXPECT_NE(bad[1].find("the same"), std::string::npos);
  std::int64_t computed = 0;
  for (const auto &row : prepared->rows) {
    computed += static_cast<std::int64_t>(row.tokens.size());
  }
  EXPECT_LT(computed, prepared->tokens * 6 / 10) << "both answers of a pair share the prompt";
}

TEST_F(Files, LabelledAnswersHaveAnotherSamplesBesideThem) {
  const auto file = write("labels.jsonl", R"({"query":"first question","response":"a","label":true})"
                                          "\n"
                                          R"({"query":"second","response":"bb","label":false})"
                                          "\n"
                                          R"({"query":"third","response":"ccc","rejected_response":"dddd"})"
                                          "\n"
                                          R"({"query":"fourth","response":"e"})");
  Encoder encoder(bytes(), nullptr, nullptr);
  PrepareSettings settings;
  settings.answers = Answers::kLabelled;
  std::size_t bad = 0;
  const auto prepared = prepare({file}, encoder, settings, [&](const Error &) { ++bad; });
  ASSERT_TRUE(prepared) << prepared.error().message();
  EXPECT_EQ(bad, 1U) << "neither a label nor a pair";
  const auto answers = answers_in(prepared->rows);
  EXPECT_EQ(answers.at({0, pack::Side::kChosen}), "a.");
  EXPECT_EQ(answers.at({0, pack::Side::kMismatched}), "dddd.") << "the first takes the last one's";
  EXPECT_EQ(answers.at({1, pack::Side::kRejected}), "bb.");
  EXPECT_EQ(answers.at({1, pack::Side::kMismatched}), "a.");
  EXPECT_EQ(answers.at({2, pack::Side::kChosen}), "ccc.");
  EXPECT_EQ(answers.at({2, pack::Side::kRejected}), "dddd.");
  EXPECT_EQ(answers.at({2, pack::Side::kMismatched}), "bb.");
}

TEST_F(Files, SaysWhatCannotBeOpened) {
  EXPECT_FALSE(SampleReader::open((folder_ / "none.jsonl").string()));
  EXPECT_FALSE(SampleReader::open(folder_.string()));
  EXPECT_FALSE(SampleReader::open(write("c.json", "{}")));
  EXPECT_FALSE(SampleReader::open(write("d.jsonl", "") + "#0"));
  auto empty = SampleReader::open(write("e.jsonl", ""));
  EXPECT_FALSE(empty->next());
  auto deep = SampleReader::open(write("f.jsonl", std::string(5000, '[')));
  EXPECT_FALSE(*deep->next());
}

// One token a byte, and one for each name of what frames media.
Tokenize with_media_tokens() {
  return [](std::string_view text, bool special) {
    static const std::vector<std::string> kNames{"<|vision_start|>", "<|image_pad|>", "<|vision_end|>"};
    std::vector<llm::Token> tokens;
    const auto found = std::find(kNames.begin(), kNames.end(), text);
    if (special && found != kNames.end()) {
      return std::vector<llm::Token>{static_cast<llm::Token>(1000 + (found - kNames.begin()))};
    }
    for (const char c : text) {
      tokens.push_back(static_cast<unsigned char>(c));
    }
    return tokens;
  };
}

class EncoderWithPictures : public testing::Test {
protected:
  EncoderWithPictures() : folder_(fs::temp_directory_path() / ("yanxing-sample-" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
    Picture picture{200, 150, std::vector<std::uint8_t>(200 * 150 * 3, 90)};
    EXPECT_TRUE(screen::write_png(folder_ / "a.png", picture).ok());
    media::Senses senses;
    senses.pictures.emplace();
    library_.emplace(senses);
    writer_.emplace(*library_);
  }
  ~EncoderWithPictures() override { fs::remove_all(folder_); }
  Result<EncodedSample> encode(const std::string &text) {
    const auto sample = sample_from_json(json(text), folder_, "set:1");
    EXPECT_TRUE(sample.ok());
    return Encoder({with_media_tokens(), 0}, nullptr, nullptr, &*writer_).encode(*sample);
  }

  fs::path folder_;
  std::optional<media::Library> library_;
  std::optional<MediaWriter> writer_;
};

TEST_F(EncoderWithPictures, APictureStandsWhereItsTagIsOrBeforeTheFirstQuestion) {
  for (const char *question : {"<image>what?", "what?"}) {
    const auto encoded = encode(R"({"messages":[{"role":"user","content":")" + std::string(question) +
                                R"("},{"role":"assistant","content":"a box"}],"images":["a.png"]})");
    ASSERT_TRUE(encoded.ok()) << encoded.error().message();
    const auto &part = encoded->parts.at(0);
    ASSERT_EQ(part.media.size(), 1U);
    const auto &media = part.media[0];
    EXPECT_EQ(media.end - media.begin, 35) << "200 × 150 pixels are seen as 7 × 5 tokens";
    EXPECT_EQ(media.height, 5);
    EXPECT_EQ(part.tokens[static_cast<std::size_t>(media.begin - 1)], 1000);
    EXPECT_EQ(part.tokens[static_cast<std::size_t>(media.begin)], 1001);
    EXPECT_EQ(part.tokens[static_cast<std::size_t>(media.end)], 1002);
    EXPECT_EQ(part.tokens[static_cast<std::size_t>(media.end + 1)], 'w');
    EXPECT_EQ(learned(part), "a box⏎");
    EXPECT_EQ(item_of(part, 3).media.size(), 1U);
  }
}

TEST_F(EncoderWithPictures, BoxesAreOfThePictureAsItIsSeen) {
  const auto answer = [&](const std::string &objects) {
    const auto encoded = encode(R"({"messages":[{"role":"user","content":"where is the <ref-object>?"},
        {"role":"assistant","content":"<bbox>"}],"images":["a.png"],"objects":)" +
                                objects + "}");
    return encoded.ok() ? learned(encoded->parts.at(0)) : encoded.error().message();
  };
  EXPECT_EQ(answer(R"({"ref":["cup"],"bbox":[[100,75,200,150]]})"), "[98, 70, 196, 140]⏎");
  EXPECT_EQ(answer(R"({"ref":["cup"],"bbox":[[0.5,0.5,1,1]],"bbox_type":"norm1"})"), "[98, 70, 196, 140]⏎");
  EXPECT_EQ(answer(R"({"ref":["cup"],"bbox":[[100,75]]})"), "[98, 70]⏎");
  for (const char *bad : {R"({"ref":["cup"],"bbox":[]})", R"({"ref":[],"bbox":[[1,2,3,4]]})", R"({"bbox":[[1,2,3]]})",
                          R"({"ref":["cup"],"bbox":[[1,2,3,4]],"image_id":[7]})", R"({"ref":["c"],"bbox":["x"]})"}) {
    EXPECT_NE(answer(bad).find("set:1"), std::string::npos) << bad;
  }
}

TEST_F(EncoderWithPictures, ADecisionsPictureStandsBeforeItsWords) {
  auto row = json(decision("send it", R"({"action":"none"})"));
  row["screenshot"] = "a.png";
  const auto encoded = encode(row.dump());
  ASSERT_TRUE(encoded.ok()) << encoded.error().message();
  EXPECT_EQ(encoded->parts.at(0).media.size(), 1U);
  row["screenshot"] = "gone.png";
  EXPECT_FALSE(encode(row.dump()).ok());
}

TEST_F(EncoderWithPictures, AModelThatOnlyReadsSaysSo) {
  const auto sample = sample_from_json(
      json(R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"images":["a.png"]})"),
      folder_, "set:1");
  const auto encoded = Encoder(bytes(), nullptr, nullptr).encode(*sample);
  ASSERT_FALSE(encoded.ok());
  EXPECT_NE(encoded.error().message().find("only reads"), std::string::npos);
}

} // namespace
} // namespace yanxing::sample
