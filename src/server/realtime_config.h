// What a realtime session is set to: read from session.update in the form of today's API and of its first version.
#pragma once

#include "action/registry.h"
#include "base/json.h"
#include "base/shapes.h"

#include <optional>
#include <string>
#include <vector>

namespace yanxing::server {

struct RealtimeConfig {
  std::string model;
  std::string instructions;
  Json tools = Json::array();                 // as the client wrote them
  std::optional<action::Registry> actions;    // of the tools; absent: none
  std::string tool_choice = "auto";           // auto, none, required
  std::optional<Screen> screen;               // what the user sees ("yanxing": {"screen": …}, or an input_image)
  std::optional<std::vector<Contact>> people; // absent: the server's
  bool speaks = true;                         // audio out, else text
  std::string voice = "alloy";
  float speed = 1;
  bool transcribes = true; // tells what it heard
  std::optional<Language> language;
  bool detects_turns = true;
  bool answers_turns = true;    // by itself, when the user has ended
  bool is_interruptible = true; // by the user's speech
  float start_probability = 0.5F;
  int silence_ms = 500;
  int padding_ms = 300;
  int input_rate_hz = 24000;
  double temperature = 0.7;
  int max_tokens = 512;
};

// Changes what `update` ("session" of the event) names. Errors: a value that is not understood; then nothing is
// changed.
Status apply_update(RealtimeConfig &config, const Json &update);

// The session as events tell it, flat in the API's first version (`beta`).
Json session_json(const RealtimeConfig &config, const std::string &id, bool beta);

} // namespace yanxing::server
