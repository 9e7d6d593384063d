#include "verb/listening.h"

#include "action/policy.h"
#include "assistant/live.h"
#include "assistant/rehearsal.h"
#include "audio/clip.h"
#include "base/log.h"
#include "base/paths.h"
#include "os/audio_device.h"
#include "os/recorded_microphone.h"
#include "verb/station.h"
#include "verb/telling.h"

#include <CLI/CLI.hpp>

#include <atomic>
#include <csignal>
#include <iostream>
#include <poll.h>
#include <unistd.h>

namespace yanxing::verb {
namespace {

std::atomic<bool> interrupted{false}; // the one thing a signal handler may touch

// The recordings one after the other, with the pauses in which one would wait for the reply.
Result<std::vector<float>> sound_of(const std::vector<std::string> &files) {
  constexpr std::size_t kPause = audio::kSpeechRateHz * 5;
  std::vector<float> samples(audio::kSpeechRateHz / 2, 0.0F);
  for (const auto &file : files) {
    const auto clip = audio::read_clip(file);
    if (!clip) {
      return clip.error();
    }
    const auto sound = audio::resample(*clip, audio::kSpeechRateHz);
    samples.insert(samples.end(), sound.samples.begin(), sound.samples.end());
    samples.insert(samples.end(), kPause, 0.0F);
  }
  return samples;
}

// What was typed since the last look, within 100 ms. Absent: nothing.
std::optional<std::string> typed_line() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  constexpr int kWaitMs = 100;
  if (isatty(STDIN_FILENO) == 0) {
    poll(nullptr, 0, kWaitMs);
    return std::nullopt;
  }
  if (poll(&input, 1, kWaitMs) <= 0 || (input.revents & POLLIN) == 0) {
    return std::nullopt;
  }
  std::string line;
  return std::getline(std::cin, line) ? std::optional(line) : std::nullopt;
}

// Enter is the key of push-to-talk (a terminal does not tell when a key is let go, so it is pressed twice); y and n
// answer a question.
class Keys {
public:
  Keys(assistant::Live &live, bool push_to_talk) : live_(live), push_to_talk_(push_to_talk) {}
  void take(const std::string &line) {
    if (line.empty() && push_to_talk_) {
      down_ = !down_;
      live_.talk(down_);
      log_info(down_ ? "listening; Enter when you have said it" : "Enter to speak");
    } else if (const auto yes = action::heard_yes(line)) {
      live_.answer(*yes);
    }
  }

private:
  assistant::Live &live_;
  bool push_to_talk_;
  bool down_ = false;
};

Result<std::unique_ptr<assistant::Live>> open_live(const DecidingOptions &deciding, const ListeningOptions &options,
                                                   Station &station) {
  const auto vad_file = model_file("silero-vad", "silero_vad.onnx");
  if (!vad_file) {
    return vad_file.error();
  }
  auto vad = speech::VoiceActivity::open(*vad_file);
  if (!vad) {
    return vad.error();
  }
  speech::EndpointSettings endpoint;
  endpoint.endpoint_ms = options.endpoint_ms > 0 ? options.endpoint_ms : station.settings.endpoint_ms;
  assistant::Live::Parts parts;
  parts.turn = station.turn.get();
  parts.recognizer = station.recognizer.get();
  parts.endpointer = std::make_unique<speech::Endpointer>(std::move(*vad), endpoint);
  parts.look = [what = deciding.screen, &station] { return look(what, station.desktop, *station.reader); };
  parts.language = *parse_language(deciding.language);
  parts.voice = station.voice.get();
  parts.push_to_talk = options.push_to_talk;
  parts.sure_ms = std::min(parts.sure_ms, endpoint.endpoint_ms);
  parts.sure_confidence = station.mind->rewards().act_above();
  parts.on_heard = deciding.json ? decltype(parts.on_heard)() : tell_decision;
  parts.on_turn = [json = deciding.json, &station](const assistant::TurnReport &report) {
    if (json) {
      print_json(assistant::to_json(report));
    } else {
      std::cout << "reply: " << report.reply << "\n";
      print_timings(report);
    }
    if (station.diarist) {
      station.diarist->note(report, station.registry);
    }
  };
  return std::make_unique<assistant::Live>(std::move(parts));
}

} // namespace

void add_listening_options(CLI::App &app, ListeningOptions &options) {
  app.add_option("--microphone", options.microphone,
                 "sound file(s) that stand in for the microphone, heard in real time");
  app.add_option("--endpoint", options.endpoint_ms, "silence that ends an utterance, in ms (default 500)")
      ->check(CLI::Range(200, 3000));
  app.add_flag("--push-to-talk", options.push_to_talk, "hear only between two presses of Enter");
}

Status listen(const DecidingOptions &deciding, const ListeningOptions &options) {
  std::vector<float> recording;
  if (!options.microphone.empty()) {
    auto sound = sound_of(options.microphone);
    if (!sound) {
      return sound.error();
    }
    recording = std::move(*sound);
  }
  StationOptions wanted;
  wanted.voice = !options.mute;
  wanted.voice_to_file = !options.microphone.empty();
  wanted.dry_run = options.dry_run;
  wanted.yes = options.yes;
  wanted.remember = options.remember;
  assistant::Live *hearer = nullptr; // set once it is there; questions come from it alone
  wanted.confirm = [&hearer](const std::string &question) {
    return hearer == nullptr ? std::nullopt : hearer->confirm(question);
  };
  if (!deciding.json) { // a speculation is not told: what was heard and decided is printed when it stands
    wanted.narrate = [](const std::string &stage, const std::string &text) {
      if (stage != "heard" && stage != "repaired" && stage != "decided") {
        std::cout << stage << ": " << text << "\n" << std::flush;
      }
    };
  }
  std::unique_ptr<os::Microphone> microphone;
  const os::RecordedMicrophone *recorded = nullptr;
  if (recording.empty()) {
    auto opened = os::open_microphone();
    if (!opened) {
      return Error{opened.error().what, "Plug one in, or let a recording stand in: --microphone FILE.wav"};
    }
    microphone = std::move(*opened);
  } else {
    auto stand_in = std::make_unique<os::RecordedMicrophone>(std::move(recording));
    recorded = stand_in.get();
    microphone = std::move(stand_in);
  }
  auto station = open_station(deciding, wanted);
  if (!station) {
    return station.error();
  }
  auto live = open_live(deciding, options, **station);
  if (!live) {
    return live.error();
  }
  hearer = live->get();
  std::optional<assistant::Rehearsal> rehearsal;
  if ((*station)->voice) {
    rehearsal.emplace([settings = (*station)->settings] { return open_synthesizer(settings, "", 1); },
                      assistant::sayings_of((*station)->registry.actions(), (*station)->contacts),
                      [hearer] { return hearer->busy(); });
  }
  interrupted = false;
  std::signal(SIGINT, [](int) { interrupted = true; });
  if (auto started = microphone->start([&](std::span<const float> samples) { hearer->push(samples); }); !started) {
    return started;
  }
  log_info(options.push_to_talk ? "Enter to speak; press Ctrl-C to end" : "listening; press Ctrl-C to end");
  Keys keys(*hearer, options.push_to_talk);
  while (!interrupted && !(recorded != nullptr && recorded->over())) {
    if (const auto line = typed_line()) {
      keys.take(*line);
    }
  }
  if (!interrupted) {
    hearer->drain(); // the last turn of a recording, with silence still coming in
  }
  microphone->stop();
  return {};
}

} // namespace yanxing::verb
