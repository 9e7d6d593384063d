// Bodies, base64, URLs, transcripts, commands: what needs no socket and no model.
#include "server/chat_media.h"
#include "server/counters.h"
#include "server/errors.h"
#include "server/fetch.h"
#include "server/model_pool.h"
#include "server/transcript_text.h"

#include <gtest/gtest.h>

namespace yanxing::server {
namespace {

TEST(Base64, ThereAndBack) {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    EXPECT_EQ(decode_base64(encode_base64(text)), text);
  }
  EXPECT_EQ(encode_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(decode_base64("_-8"), "\xff\xef");
  EXPECT_FALSE(decode_base64("a!").has_value());
  EXPECT_FALSE(decode_base64("abcde").has_value());
}

TEST(Body, MustBeAnObjectOfReasonableDepth) {
  EXPECT_FALSE(parse_body("{\"a\": [1]}").error.has_value());
  EXPECT_TRUE(parse_body("[1]").error.has_value());
  EXPECT_TRUE(parse_body("{\"a\"").error.has_value());
  EXPECT_TRUE(parse_body("{\"a\":" + std::string(100'000, '[')).error.has_value());
  EXPECT_FALSE(parse_body("{\"a\": \"" + std::string(500, '[') + "\"}").error.has_value()) << "brackets in a text";
}

TEST(Errors, InBothShapes) {
  const auto error = error_response(404, "no such model", "model_not_found");
  const auto ours = parse_json(error.body, "e");
  EXPECT_EQ((*ours)["error"]["code"], "model_not_found");
  EXPECT_TRUE((*ours)["error"]["param"].is_null());
  const auto theirs = parse_json(in_anthropic_shape(error).body, "e");
  EXPECT_EQ((*theirs)["type"], "error");
  EXPECT_EQ((*theirs)["error"]["type"], "not_found_error");
}

TEST(Urls, PartsOrAnError) {
  const auto url = parse_url("https://a.example:8443/v1/x?y=1#z");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->host, "a.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/v1/x?y=1");
  EXPECT_EQ(parse_url("http://[::1]:80")->host, "::1");
  for (const auto *wrong :
       {"", "ftp://a", "http://", "http://a:b/", "http://me@a/", "http://a:99999/", "http://a b/"}) {
    EXPECT_FALSE(parse_url(wrong).ok()) << wrong;
  }
}

TEST(Transcripts, AsSubtitles) {
  speech::Transcript transcript;
  transcript.text = "你好";
  transcript.segments = {{0.5, 3661.25, "你好"}};
  EXPECT_EQ(srt_of(transcript), "1\n00:00:00,500 --> 01:01:01,250\n你好\n\n");
  EXPECT_EQ(vtt_of(transcript), "WEBVTT\n\n00:00:00.500 --> 01:01:01.250\n你好\n\n");
  EXPECT_EQ(verbose_of(transcript, 2, false)["segments"][0]["text"], "你好");
}

TEST(Commands, AreFoundInTheClientsMessage) {
  EXPECT_EQ(command_in("用户说：把这个表格发给李经理"), "把这个表格发给李经理");
  EXPECT_EQ(command_in("用户说：“把这个表格发给李经理”"), "把这个表格发给李经理");
  EXPECT_EQ(command_in(" User says: \"open it\" "), "open it");
  EXPECT_FALSE(command_in("What is in the picture?").has_value());
  EXPECT_FALSE(command_in("用户说：").has_value());
}

TEST(ChatAnswer, WholeAndAsAStream) {
  const Json message{{"role", "assistant"}, {"content", "x"}};
  const auto whole = parse_json(chat_answer({}, "light", message, {{"path", "elements"}}).body, "a");
  EXPECT_EQ((*whole)["choices"][0]["message"]["content"], "x");
  EXPECT_EQ((*whole)["yanxing"]["path"], "elements");
  const auto stream = chat_answer({{"stream", true}}, "light", message, nullptr);
  std::string events;
  EXPECT_FALSE(stream.next(events));
  EXPECT_TRUE(events.ends_with("data: [DONE]\n\n"));
}

TEST(CountersText, CountsByRouteAndStatus) {
  Counters counters;
  counters.begin();
  EXPECT_EQ(counters.open(), 1);
  counters.end("/v1/x", 200, 0.2);
  EXPECT_EQ(counters.open(), 0);
  EXPECT_NE(counters.text().find("yanxing_requests_total{route=\"/v1/x\",status=\"200\"} 1\n"), std::string::npos);
  EXPECT_NE(counters.text().find("yanxing_request_seconds_bucket{route=\"/v1/x\",le=\"0.25\"} 1\n"), std::string::npos);
  std::map<std::string, bool> seen;
  EXPECT_EQ(labelled_metrics("# TYPE llamacpp:x counter\nllamacpp:x 3\n", "m", seen),
            "# TYPE yanxing_model_x counter\nyanxing_model_x{model=\"m\"} 3\n");
  EXPECT_EQ(labelled_metrics("# TYPE llamacpp:x counter\nllamacpp:x 4\n", "n", seen),
            "yanxing_model_x{model=\"n\"} 4\n");
}

TEST(Pool, KnowsNamesAndRefusesOthers) {
  ModelPool pool([](const ModelEntry &entry) -> Result<std::shared_ptr<LanguageModel>> {
    return Error{"cannot load " + entry.name, ""};
  });
  pool.add({"a", {"light"}, "a.gguf", "", {{"tuned", "t.gguf"}}});
  pool.add({"b", {"large"}, "b.gguf", "", {}});
  const auto status_of = [&](const std::string &name) {
    const auto leased = pool.lease(name);
    return std::get<ModelPool::Refusal>(leased).status;
  };
  EXPECT_EQ(status_of("absent"), 404);
  for (const auto *name : {"a", "light", "tuned", "b", "large", ""}) {
    EXPECT_EQ(status_of(name), 503) << name;
  }
  EXPECT_FALSE(pool.swap({"c", {"light"}, "c.gguf", "", {}}).ok());
  EXPECT_EQ(pool.list().size(), 3U) << "a model that cannot be loaded changes nothing";
  pool.add({"c", {"light"}, "c.gguf", "", {}});
  EXPECT_TRUE(pool.list()[0].aliases.empty()) << "an alias means one model";
}

} // namespace
} // namespace yanxing::server
