// Speech to text and text to speech, as OpenAI's audio routes.
#include "server/errors.h"
#include "server/media.h"
#include "server/pipe.h"
#include "server/service.h"
#include "server/transcript_text.h"
#include "server/voices.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <variant>

namespace yanxing::server {
namespace {

struct Hearing {
  audio::Clip clip;
  speech::HearingOptions options;
  std::string format;
  bool stream = false;
};

// A prompt's words lean the recognition towards them; names and terms are what people put there.
std::vector<std::string> phrases_of(const std::string &prompt) {
  std::vector<std::string> phrases;
  std::string phrase;
  const auto end = [&] {
    const auto first = phrase.find_first_not_of(' ');
    if (first != std::string::npos && phrase.size() <= 60 && phrases.size() < 200) {
      phrases.push_back(phrase.substr(first));
    }
    phrase.clear();
  };
  constexpr std::array<std::string_view, 8> kMarks{",", ";", "\n", "，", "、", "；", "。", "."};
  for (std::size_t i = 0; i < prompt.size();) {
    const auto mark = std::find_if(kMarks.begin(), kMarks.end(),
                                   [&](auto one) { return std::string_view(prompt).substr(i).starts_with(one); });
    if (mark != kMarks.end()) {
      end();
      i += mark->size();
    } else {
      phrase += prompt[i++];
    }
  }
  end();
  return phrases;
}

// What the form says, or what is wrong with it.
std::variant<Hearing, Response> hearing_of(const Service &service, const Request &request) {
  const auto file = request.files.find("file");
  if (file == request.files.end()) {
    return error_response(400, "the form has no 'file' with the sound", "", "file");
  }
  Hearing hearing;
  const auto model = request.field("model");
  if (!model.empty() && model != service.settings.settings.asr && model != "whisper-1" &&
      !model.starts_with("gpt-4o")) { // what clients ask for by default
    return error_response(404, "there is no model '" + model + "' that hears; use " + service.settings.settings.asr,
                          "model_not_found");
  }
  hearing.format = request.field("response_format");
  hearing.format = hearing.format.empty() ? "json" : hearing.format;
  const std::set<std::string> known{"json", "text", "srt", "verbose_json", "vtt"};
  if (!known.contains(hearing.format)) {
    return error_response(400, "response_format must be json, text, srt, verbose_json or vtt", "", "response_format");
  }
  const auto language = request.field("language");
  if (language == "zh" || language == "chinese" || language == "en" || language == "english") {
    hearing.options.language = language[0] == 'z' || language[0] == 'c' ? Language::kChinese : Language::kEnglish;
  } else if (!language.empty() && language != "auto") {
    return error_response(400, "the languages here are zh and en", "", "language");
  }
  hearing.options.phrases = phrases_of(request.field("prompt"));
  hearing.stream = request.field("stream") == "true";
  auto clip = clip_of(service.settings, file->second.content, file->second.name.empty() ? "file" : file->second.name);
  if (!clip) {
    return error_response(400, clip.error(), "invalid_audio");
  }
  hearing.clip = std::move(*clip);
  return hearing;
}

Response written(const speech::Transcript &transcript, const Hearing &hearing) {
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  if (hearing.format == "text") {
    response.body = transcript.text + "\n";
  } else if (hearing.format == "srt") {
    response.body = srt_of(transcript);
  } else if (hearing.format == "vtt") {
    response.body = vtt_of(transcript);
  } else if (hearing.format == "verbose_json") {
    return json_response(verbose_of(transcript, hearing.clip.seconds(), hearing.options.translate));
  } else {
    return json_response({{"text", transcript.text}});
  }
  return response;
}

std::string event(const Json &json) { return "data: " + dump(json) + "\n\n"; }

// transcript.text.delta for each stretch of speech as it is written, then transcript.text.done.
Response streamed(Service &service, Hearing hearing) {
  Response response;
  response.content_type = "text/event-stream";
  response.next = Pipe::stream([&service, hearing = std::move(hearing)](const Pipe::Put &put) {
    auto recognizer = service.recognizer.take();
    if (!recognizer) {
      put(event({{"type", "error"}, {"error", {{"message", recognizer.error().message()}}}}));
      return;
    }
    auto options = hearing.options;
    bool first = true;
    options.on_segment = [&](const speech::Segment &segment) {
      const bool spaced = language_of(segment.text) == Language::kEnglish;
      put(event({{"type", "transcript.text.delta"}, {"delta", (first ? "" : spaced ? " " : "，") + segment.text}}));
      first = false;
    };
    const auto transcript = (*recognizer)->transcribe(hearing.clip, options);
    if (!transcript) {
      put(event({{"type", "error"}, {"error", {{"message", transcript.error().message()}}}}));
      return;
    }
    put(event({{"type", "transcript.text.done"}, {"text", transcript->text}}));
  });
  return response;
}

Response hear(Service &service, const Request &request, bool translate) {
  auto read = hearing_of(service, request);
  if (auto *wrong = std::get_if<Response>(&read)) {
    return std::move(*wrong);
  }
  auto &hearing = std::get<Hearing>(read);
  hearing.options.translate = translate;
  if (hearing.stream) {
    return streamed(service, std::move(hearing));
  }
  auto recognizer = service.recognizer.take();
  if (!recognizer) {
    return error_response(503, recognizer.error());
  }
  const auto transcript = (*recognizer)->transcribe(hearing.clip, hearing.options);
  return transcript ? written(*transcript, hearing) : error_response(500, transcript.error());
}

const std::map<std::string, std::string> &sound_types() {
  static const std::map<std::string, std::string> kTypes{{"wav", "audio/wav"},   {"pcm", "audio/pcm"},
                                                         {"mp3", "audio/mpeg"},  {"opus", "audio/ogg"},
                                                         {"flac", "audio/flac"}, {"ogg", "audio/ogg"}};
  return kTypes;
}

// wav and pcm as it is spoken; the others once all is.
Response spoken(Desk<speech::Synthesizer>::Hold voice, const std::string &text, const std::string &format) {
  Response response;
  response.content_type = sound_types().at(format);
  const int rate = voice->sample_rate_hz();
  if (format == "wav" || format == "pcm") {
    auto held = std::make_shared<Desk<speech::Synthesizer>::Hold>(std::move(voice));
    response.next = Pipe::stream([held, text, format, rate](const Pipe::Put &put) {
      if (format == "wav") {
        put(audio::wav_header(rate, std::nullopt));
      }
      (void)(*held)->speak(text, [&](std::span<const float> samples) { return put(audio::pcm16_of(samples)); });
    });
    return response;
  }
  audio::Clip clip;
  clip.sample_rate_hz = rate;
  const auto said = voice->speak(text, [&](std::span<const float> samples) {
    clip.samples.insert(clip.samples.end(), samples.begin(), samples.end());
    return true;
  });
  if (!said) {
    return error_response(500, said.error());
  }
  auto bytes = audio::encode_clip(clip, format);
  if (!bytes) {
    return error_response(400, bytes.error());
  }
  response.body = std::move(*bytes);
  return response;
}

Response speak(Service &service, const Request &request) {
  auto [body, wrong] = parse_body(request.body);
  if (wrong) {
    return *wrong;
  }
  const auto text = string_or_empty(body, "input");
  constexpr std::size_t kLongest = 4096 * 4; // bytes of OpenAI's 4096 characters
  if (text.empty() || text.size() > kLongest) {
    return error_response(400, "'input' must be a text of at most 4096 characters", "", "input");
  }
  auto format = string_or_empty(body, "response_format");
  format = format.empty() ? "mp3" : format;
  if (!sound_types().contains(format)) {
    return error_response(400, "response_format must be mp3, opus, flac, ogg, wav or pcm", "", "response_format");
  }
  const bool has_speed = body.contains("speed") && body["speed"].is_number();
  const auto speed = has_speed ? body["speed"].get<float>() : 1.0F;
  if (!(speed >= 0.25F && speed <= 4.0F)) {
    return error_response(400, "'speed' must be between 0.25 and 4", "", "speed");
  }
  auto synthesizer = service.synthesizer.take();
  if (!synthesizer) {
    return error_response(503, synthesizer.error());
  }
  if (auto set = (*synthesizer)->set_manner(voice_of(string_or_empty(body, "voice"), text), speed); !set) {
    return error_response(400, set.error());
  }
  return spoken(std::move(*synthesizer), text, format);
}

} // namespace

void add_audio_routes(HttpServer &http, Service &service) {
  http.handle("POST", "/v1/audio/transcriptions",
              [&service](const Request &request) { return hear(service, request, false); });
  http.handle("POST", "/v1/audio/translations",
              [&service](const Request &request) { return hear(service, request, true); });
  http.handle("POST", "/v1/audio/speech", [&service](const Request &request) { return speak(service, request); });
}

} // namespace yanxing::server
