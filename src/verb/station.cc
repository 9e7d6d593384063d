#include "verb/station.h"

#include "assistant/live.h"
#include "base/log.h"
#include "base/paths.h"
#include "os/audio_device.h"

#include <atomic>
#include <csignal>
#include <iostream>
#include <thread>
#include <unistd.h>

namespace yanxing::verb {
namespace {

std::atomic<bool> interrupted{false}; // the one thing a signal handler may touch

assistant::Confirmer confirmer(const StationOptions &wanted) {
  if (wanted.yes) {
    return [](const std::string &) { return std::optional(true); };
  }
  return terminal_confirmer();
}

} // namespace

Result<std::unique_ptr<Station>> open_station(const DecidingOptions &options, const StationOptions &wanted) {
  auto station = std::make_unique<Station>();
  auto configured = settings();
  if (!configured) {
    return configured.error();
  }
  station->settings = std::move(*configured);
  if (const auto language = parse_language(options.language); !language) {
    return language.error();
  }
  auto registry = open_registry(options.actions);
  if (!registry) {
    return registry.error();
  }
  station->registry = std::move(*registry);
  auto contacts = open_contacts(options.contacts);
  if (!contacts) {
    return contacts.error();
  }
  auto repairer = open_repairer();
  if (!repairer) {
    return repairer.error();
  }
  station->repairer = std::move(*repairer);
  if (wanted.ear) {
    auto recognizer = open_recognizer(station->settings, options.threads);
    if (!recognizer) {
      return recognizer.error();
    }
    station->recognizer = std::move(*recognizer);
  }
  auto mind = open_mind(options, station->settings, true);
  if (!mind) {
    return mind.error();
  }
  station->mind = std::move(*mind);
  if (wanted.voice) {
    auto synthesizer = open_synthesizer(station->settings);
    auto speaker = wanted.voice_to_file ? Result<std::unique_ptr<os::Speaker>>(std::unique_ptr<os::Speaker>())
                                        : os::open_speaker();
    if (!synthesizer || !speaker) {
      log_warning("replies are not spoken: " + (synthesizer ? speaker.error() : synthesizer.error()).message());
    } else {
      station->voice = std::make_unique<assistant::Voice>(std::move(*synthesizer), std::move(*speaker));
    }
  }
  station->reader = open_text_reader(options.threads);
  station->desktop = open_desktop();
  assistant::Turn::Parts parts;
  parts.mind = station->mind.get();
  parts.recognizer = station->recognizer.get();
  parts.repairer = station->repairer.get();
  parts.registry = &station->registry;
  parts.contacts = std::move(*contacts);
  parts.hand = wanted.dry_run ? nullptr : &station->hand;
  parts.hands.display = station->desktop.display.get();
  parts.hands.input = station->desktop.input.get();
  parts.hands.accessibility = station->desktop.accessibility.get();
  parts.hands.settings = &station->settings;
  parts.hands.state = state_folder();
  parts.confirm = confirmer(wanted);
  parts.narrate = wanted.narrate;
  station->turn = std::make_unique<assistant::Turn>(std::move(parts));
  return station;
}

Status listen_to_microphone(const DecidingOptions &options, Station &station,
                            const std::function<void(const assistant::TurnReport &)> &on_turn) {
  auto microphone = os::open_microphone();
  if (!microphone) {
    return microphone.error();
  }
  const auto vad_file = model_file("silero-vad", "silero_vad.onnx");
  if (!vad_file) {
    return vad_file.error();
  }
  auto vad = speech::VoiceActivity::open(*vad_file);
  if (!vad) {
    return vad.error();
  }
  speech::EndpointSettings endpoint;
  endpoint.endpoint_ms = station.settings.endpoint_ms;
  assistant::Live::Parts parts;
  parts.turn = station.turn.get();
  parts.endpointer = std::make_unique<speech::Endpointer>(std::move(*vad), endpoint);
  parts.language = *parse_language(options.language);
  parts.look = [&] { return look(options.screen, station.desktop, *station.reader); };
  parts.on_speech = [&] {
    if (station.voice) {
      station.voice->hush();
    }
  };
  parts.on_turn = [&](const assistant::TurnReport &report) {
    on_turn(report);
    if (station.voice && !report.reply.empty()) {
      if (auto said = station.voice->say(report.reply); !said) {
        log_warning(said.error().message());
      }
    }
  };
  assistant::Live live(std::move(parts));
  interrupted = false;
  std::signal(SIGINT, [](int) { interrupted = true; });
  if (auto started = (*microphone)->start([&](std::span<const float> samples) { live.push(samples); }); !started) {
    return started;
  }
  log_info("listening; press Ctrl-C to end");
  while (!interrupted) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  (*microphone)->stop();
  live.drain();
  return {};
}

} // namespace yanxing::verb
