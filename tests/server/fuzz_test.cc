// What comes over the network, damaged.
#include "support/fuzz.h"

#include "server/errors.h"
#include "server/fetch.h"
#include "server/realtime_config.h"

namespace yanxing::server {
namespace {

TEST(Damaged, Bodies) {
  fuzz::survives(R"({"model":"light","messages":[{"role":"user","content":[{"type":"text","text":"x"}]}]})",
                 fuzz::Form::kText, [](const std::string &body) {
                   const auto parsed = parse_body(body);
                   EXPECT_TRUE(parsed.error.has_value() || parsed.json.is_object());
                 });
}

TEST(Damaged, Base64AndUrls) {
  fuzz::survives("iVBORw0KGgoAAAANSUhEUgAA", fuzz::Form::kText,
                 [](const std::string &text) { (void)decode_base64(text); });
  fuzz::survives("https://[::1]:8443/v1/chat?x=1#y", fuzz::Form::kText,
                 [](const std::string &url) { (void)fuzz::told(parse_url(url)); });
}

TEST(Damaged, SessionUpdates) {
  const std::string update =
      R"({"tools":[{"type":"function","name":"x","parameters":{"type":"object","properties":{}}}],"speed":1.5,)"
      R"("audio":{"input":{"format":{"type":"audio/pcm","rate":24000},"turn_detection":{"silence_duration_ms":300}}},)"
      R"("yanxing":{"screen":{"size":[8,8],"elements":[]},"contacts":[{"name":"x"}]}})";
  fuzz::survives(update, fuzz::Form::kText, [](const std::string &text) {
    const auto json = parse_json(text, "update");
    if (!json) {
      return;
    }
    RealtimeConfig config;
    (void)apply_update(config, *json);
    EXPECT_GT(config.input_rate_hz, 0);
    EXPECT_TRUE(session_json(config, "x", true).is_object());
  });
}

} // namespace
} // namespace yanxing::server
