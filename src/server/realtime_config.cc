#include "server/realtime_config.h"

#include <algorithm>

namespace yanxing::server {
namespace {

const Json &at_or_null(const Json &object, const char *key) {
  static const Json kNull;
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : kNull;
}

bool has(const Json &object, const char *key) { return object.is_object() && object.contains(key); }

void set_text(const Json &object, const char *key, std::string &field) {
  if (has(object, key) && object[key].is_string()) {
    field = object[key];
  }
}

template <class Number>
Status set_number(const Json &object, const char *key, Number &field, Number least, Number most) {
  const auto &value = at_or_null(object, key);
  if (!value.is_number()) {
    return {};
  }
  const auto number = value.get<double>();
  if (!(number >= static_cast<double>(least) && number <= static_cast<double>(most))) {
    return Error{std::string("'") + key + "' is out of range", ""};
  }
  field = static_cast<Number>(number);
  return {};
}

Status set_format(const Json &format, RealtimeConfig &config) {
  if (format.is_null()) {
    return {};
  }
  const auto type = format.is_string() ? format.get<std::string>() : string_or_empty(format, "type");
  if (type != "pcm16" && type != "audio/pcm") {
    return Error{"audio of type '" + type + "' is not read", "Send pcm16 (16-bit, little-endian, mono)"};
  }
  return format.is_object() ? set_number(format, "rate", config.input_rate_hz, 8000, 48000) : Status();
}

Status set_turn_detection(const Json &owner, RealtimeConfig &config) {
  if (!has(owner, "turn_detection")) {
    return {};
  }
  const auto &detection = owner["turn_detection"];
  config.detects_turns = detection.is_object();
  if (!config.detects_turns) {
    return {};
  }
  const auto set_flag = [&](const char *key, bool &field) {
    field = has(detection, key) && detection[key].is_boolean() ? detection[key].get<bool>() : field;
  };
  set_flag("create_response", config.answers_turns);
  set_flag("interrupt_response", config.is_interruptible);
  for (auto set : {set_number(detection, "threshold", config.start_probability, 0.05F, 0.99F),
                   set_number(detection, "silence_duration_ms", config.silence_ms, 100, 5000),
                   set_number(detection, "prefix_padding_ms", config.padding_ms, 0, 2000)}) {
    if (!set) {
      return set;
    }
  }
  return {};
}

Status set_transcription(const Json &owner, const char *key, RealtimeConfig &config) {
  if (!has(owner, key)) {
    return {};
  }
  config.transcribes = !owner[key].is_null();
  const auto language = string_or_empty(owner[key].is_object() ? owner[key] : Json::object(), "language");
  if (language == "zh" || language == "en") {
    config.language = language == "zh" ? Language::kChinese : Language::kEnglish;
  }
  return {};
}

Status set_tools(const Json &update, RealtimeConfig &config) {
  if (has(update, "tools")) {
    config.tools = update["tools"].is_array() ? update["tools"] : Json::array();
    config.actions.reset();
    if (!config.tools.empty()) {
      auto registry = action::Registry::from_json(config.tools, "'tools'");
      if (!registry) {
        return registry.error();
      }
      config.actions = std::move(*registry);
    }
  }
  set_text(update, "tool_choice", config.tool_choice);
  return {};
}

Status set_own(const Json &own, RealtimeConfig &config) {
  if (has(own, "screen")) {
    auto screen = screen_from_json(own["screen"], "'yanxing.screen'");
    if (!screen) {
      return screen.error();
    }
    config.screen = std::move(*screen);
  }
  if (has(own, "contacts")) {
    auto people = contacts_from_json(own["contacts"], "'yanxing.contacts'");
    if (!people) {
      return people.error();
    }
    config.people = std::move(*people);
  }
  return {};
}

Json turn_detection(const RealtimeConfig &config) {
  if (!config.detects_turns) {
    return nullptr;
  }
  return {{"type", "server_vad"},
          {"threshold", config.start_probability},
          {"prefix_padding_ms", config.padding_ms},
          {"silence_duration_ms", config.silence_ms},
          {"create_response", config.answers_turns},
          {"interrupt_response", config.is_interruptible}};
}

} // namespace

Status apply_update(RealtimeConfig &config, const Json &update) {
  if (!update.is_object()) {
    return Error{"'session' must be an object", ""};
  }
  auto changed = config;
  const auto &audio = at_or_null(update, "audio");
  const auto &input = at_or_null(audio, "input");
  const auto &output = at_or_null(audio, "output");
  set_text(update, "instructions", changed.instructions);
  set_text(update, "model", changed.model);
  set_text(update, "voice", changed.voice);
  set_text(output, "voice", changed.voice);
  for (const char *key : {"modalities", "output_modalities"}) {
    if (has(update, key) && update[key].is_array()) {
      changed.speaks = std::find(update[key].begin(), update[key].end(), "audio") != update[key].end();
    }
  }
  for (auto set :
       {set_tools(update, changed), set_own(at_or_null(update, "yanxing"), changed),
        set_format(at_or_null(update, "input_audio_format"), changed), set_format(at_or_null(input, "format"), changed),
        set_turn_detection(update, changed), set_turn_detection(input, changed),
        set_transcription(update, "input_audio_transcription", changed),
        set_transcription(input, "transcription", changed), set_number(output, "speed", changed.speed, 0.25F, 4.0F),
        set_number(update, "speed", changed.speed, 0.25F, 4.0F),
        set_number(update, "temperature", changed.temperature, 0.0, 2.0),
        set_number(update, "max_response_output_tokens", changed.max_tokens, 1, 4096),
        set_number(update, "max_output_tokens", changed.max_tokens, 1, 4096)}) {
    if (!set) {
      return set;
    }
  }
  config = std::move(changed);
  return {};
}

Json session_json(const RealtimeConfig &config, const std::string &id, bool beta) {
  const Json transcription = config.transcribes ? Json{{"model", "whisper-1"}} : Json();
  const Json modalities =
      config.speaks ? (beta ? Json::array({"audio", "text"}) : Json::array({"audio"})) : Json::array({"text"});
  if (beta) {
    return {{"id", id},
            {"object", "realtime.session"},
            {"model", config.model},
            {"modalities", modalities},
            {"instructions", config.instructions},
            {"voice", config.voice},
            {"input_audio_format", "pcm16"},
            {"output_audio_format", "pcm16"},
            {"input_audio_transcription", transcription},
            {"turn_detection", turn_detection(config)},
            {"tools", config.tools},
            {"tool_choice", config.tool_choice},
            {"temperature", config.temperature},
            {"max_response_output_tokens", config.max_tokens}};
  }
  return {
      {"id", id},
      {"object", "realtime.session"},
      {"type", "realtime"},
      {"model", config.model},
      {"output_modalities", modalities},
      {"instructions", config.instructions},
      {"audio",
       {{"input",
         {{"format", {{"type", "audio/pcm"}, {"rate", config.input_rate_hz}}},
          {"transcription", transcription},
          {"turn_detection", turn_detection(config)}}},
        {"output",
         {{"format", {{"type", "audio/pcm"}, {"rate", 24000}}}, {"voice", config.voice}, {"speed", config.speed}}}}},
      {"tools", config.tools},
      {"tool_choice", config.tool_choice},
      {"max_output_tokens", config.max_tokens}};
}

} // namespace yanxing::server
