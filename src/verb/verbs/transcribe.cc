#include "base/log.h"
#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>

namespace yanxing::verb {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string language = "auto";
  int n_best = 1;
  int threads = 0;
  bool json = false;
};

Json to_json(const std::string &file, const speech::Transcript &transcript, double asr_ms) {
  Json segments = Json::array();
  for (const auto &segment : transcript.segments) {
    segments.push_back({{"start", segment.start_s}, {"end", segment.end_s}, {"text", segment.text}});
  }
  Json n_best = Json::array();
  for (const auto &hypothesis : transcript.n_best) {
    n_best.push_back({{"text", hypothesis.text}, {"log_probability", hypothesis.log_probability}});
  }
  return {{"file", file},
          {"transcript", transcript.text},
          {"language", std::string(language_code(transcript.language))},
          {"n_best", n_best},
          {"segments", segments},
          {"timings_ms", {{"asr", asr_ms}}}};
}

Status transcribe(const Options &options) {
  const auto language = parse_language(options.language);
  if (!language) {
    return language.error();
  }
  const auto configured = settings();
  if (!configured) {
    return configured.error();
  }
  auto recognizer = open_recognizer(*configured, options.threads);
  if (!recognizer) {
    return recognizer.error();
  }
  Status result;
  for (const auto &file : options.files) {
    const auto clip = audio::read_clip(file);
    if (!clip) {
      result = clip.error();
      log_warning("skipped: " + clip.error().message());
      continue;
    }
    speech::HearingOptions hearing;
    hearing.language = *language;
    hearing.n_best = options.n_best;
    constexpr double kLongSeconds = 40;
    if (clip->seconds() > kLongSeconds) {
      hearing.progress = [](double done) { std::cerr << "\r" << static_cast<int>(done * 100) << " % " << std::flush; };
    }
    const auto started = std::chrono::steady_clock::now();
    const auto transcript = (*recognizer)->transcribe(*clip, hearing);
    if (!transcript) {
      return transcript.error();
    }
    const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
    if (hearing.progress) {
      std::cerr << "\r" << std::flush;
    }
    if (options.json) {
      print_json(to_json(file, *transcript, ms));
    } else {
      std::cout << transcript->text << "\n";
    }
  }
  return result;
}

} // namespace

Verb make_transcribe_verb() {
  return {"transcribe", "speech in sound files → text",
          "  yanxing transcribe meeting.mp3\n  yanxing transcribe --lang zh --json a.wav b.flac",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<Options>();
            app.add_option("files", options->files, "wav, flac, mp3, ogg; any sample rate")->required();
            app.add_option("--lang", options->language, "auto, zh or en")->capture_default_str();
            app.add_option("--n-best", options->n_best, "alternatives to keep")->check(CLI::Range(1, 10));
            app.add_option("--threads", options->threads, "threads (default: the cores, at most 4)");
            add_json_option(app, options->json);
            return [options] { return transcribe(*options); };
          },
          ""};
}

} // namespace yanxing::verb
