// A realtime session without models: its events, and what it does not understand.
#include "server/realtime_config.h"
#include "server/realtime_session.h"

#include "server/errors.h"

#include <gtest/gtest.h>

namespace yanxing::server {
namespace {

class Session : public ::testing::Test {
protected:
  Session() : service_(ServiceSettings{}, Openers{}) {}
  void open(bool beta = false) {
    session_ = std::make_unique<RealtimeSession>(service_, "light", beta, [this](const Json &event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
      return true;
    });
    session_->greet();
  }
  void say(const Json &event) {
    session_->handle(dump(event));
    session_->wait_until_idle();
  }
  [[nodiscard]] Json last() {
    const std::lock_guard lock(mutex_);
    return events_.back();
  }
  [[nodiscard]] std::vector<std::string> types() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> types;
    for (const auto &event : events_) {
      types.push_back(event["type"]);
    }
    return types;
  }

  Service service_;
  std::mutex mutex_;
  std::vector<Json> events_;
  std::unique_ptr<RealtimeSession> session_; // first to go
};

TEST_F(Session, BeginsAndIsUpdatedInBothForms) {
  open();
  EXPECT_EQ(last()["type"], "session.created");
  say({{"type", "session.update"},
       {"session",
        {{"instructions", "be brief"},
         {"output_modalities", Json::array({"text"})},
         {"audio", {{"input", {{"turn_detection", {{"type", "server_vad"}, {"silence_duration_ms", 300}}}}}}}}}});
  EXPECT_EQ(last()["type"], "session.updated");
  EXPECT_EQ(last()["session"]["audio"]["input"]["turn_detection"]["silence_duration_ms"], 300);
  EXPECT_EQ(last()["session"]["output_modalities"][0], "text");

  open(true);
  say({{"type", "session.update"}, {"session", {{"turn_detection", nullptr}, {"voice", "echo"}}}});
  EXPECT_TRUE(last()["session"]["turn_detection"].is_null());
  EXPECT_EQ(last()["session"]["voice"], "echo");
}

TEST_F(Session, SaysWhatItDoesNotUnderstand) {
  open();
  session_->handle("{");
  EXPECT_EQ(last()["error"]["code"], "invalid_json");
  say({{"type", "no.such.event"}, {"event_id", "mine"}});
  EXPECT_EQ(last()["error"]["code"], "unknown_event");
  EXPECT_EQ(last()["error"]["event_id"], "mine");
  say({{"type", "input_audio_buffer.append"}, {"audio", "!"}});
  EXPECT_EQ(last()["type"], "error");
  say({{"type", "session.update"}, {"session", {{"speed", 99}}}});
  EXPECT_EQ(last()["type"], "error");
  say({{"type", "session.update"}, {"session", {{"input_audio_format", "g711_ulaw"}}}});
  EXPECT_EQ(last()["type"], "error");
  say({{"type", "response.cancel"}});
  EXPECT_EQ(last()["error"]["code"], "response_cancel_not_active");
}

TEST_F(Session, CommitsByHand) {
  open();
  say({{"type", "session.update"}, {"session", {{"turn_detection", nullptr}}}});
  say({{"type", "input_audio_buffer.commit"}});
  EXPECT_EQ(last()["error"]["code"], "input_audio_buffer_commit_empty");
  say({{"type", "input_audio_buffer.append"}, {"audio", encode_base64(std::string(24000, '\0'))}});
  say({{"type", "input_audio_buffer.commit"}});
  const auto seen = types();
  EXPECT_NE(std::find(seen.begin(), seen.end(), "input_audio_buffer.committed"), seen.end());
  EXPECT_EQ(last()["type"], "conversation.item.input_audio_transcription.failed") << "nobody hears in this test";
  say({{"type", "input_audio_buffer.clear"}});
  EXPECT_EQ(last()["type"], "input_audio_buffer.cleared");
}

TEST_F(Session, AFailedResponseEndsAsOne) {
  open();
  say({{"type", "conversation.item.create"},
       {"item",
        {{"type", "message"},
         {"role", "user"},
         {"content", Json::array({{{"type", "input_text"}, {"text", "hi"}}})}}}});
  say({{"type", "response.create"}});
  EXPECT_EQ(last()["type"], "response.done");
  EXPECT_EQ(last()["response"]["status"], "failed");
}

} // namespace
} // namespace yanxing::server
