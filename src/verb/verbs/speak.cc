#include "audio/clip.h"
#include "os/audio_device.h"
#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <chrono>

namespace yanxing::verb {
namespace {

struct Options {
  std::string text;
  std::string output;
  std::string voice;
  bool json = false;
};

Status speak(const Options &options) {
  const auto configured = settings();
  if (!configured) {
    return configured.error();
  }
  auto synthesizer = open_synthesizer(*configured, options.voice);
  if (!synthesizer) {
    return synthesizer.error();
  }
  std::unique_ptr<os::Speaker> speaker;
  if (options.output.empty()) {
    auto opened = os::open_speaker();
    if (!opened) {
      return Error{opened.error().what, "Write to a file instead: yanxing speak \"…\" -o reply.wav"};
    }
    speaker = std::move(*opened);
  }
  audio::Clip clip;
  clip.sample_rate_hz = (*synthesizer)->sample_rate_hz();
  const auto started = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  };
  double first_ms = 0;
  Status played;
  auto spoken = (*synthesizer)->speak(options.text, [&](std::span<const float> samples) {
    first_ms = clip.samples.empty() ? elapsed() : first_ms;
    clip.samples.insert(clip.samples.end(), samples.begin(), samples.end());
    if (speaker) {
      played = speaker->play(samples, clip.sample_rate_hz);
    }
    return played.ok();
  });
  if (!spoken || !played) {
    return spoken ? played : spoken;
  }
  const double total_ms = elapsed();
  if (speaker) {
    speaker->wait();
  } else if (auto written = audio::write_wav(options.output, clip); !written) {
    return written;
  }
  if (options.json) {
    print_json({{"text", options.text},
                {"file", options.output},
                {"seconds", clip.seconds()},
                {"timings_ms", {{"first_audio", first_ms}, {"total", total_ms}}}});
  }
  return {};
}

} // namespace

Verb make_speak_verb() {
  return {"speak", "text → speech, Mandarin and English, played or written as WAV",
          "  yanxing speak \"好的，已经发给李经理。\"\n  yanxing speak \"Done.\" -o done.wav --voice af_heart",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<Options>();
            app.add_option("text", options->text, "what to say")->required();
            app.add_option("-o,--output", options->output, "WAV file instead of the loudspeaker");
            app.add_option("--voice", options->voice, "a Kokoro voice: zf_…, zm_… Mandarin, af_…, am_… English");
            add_json_option(app, options->json);
            return [options] { return speak(*options); };
          },
          ""};
}

} // namespace yanxing::verb
