#include "verb/station.h"

#include "base/log.h"
#include "base/paths.h"
#include "os/audio_device.h"

namespace yanxing::verb {
namespace {

assistant::Confirmer confirmer(const StationOptions &wanted) {
  if (wanted.yes) {
    return [](const std::string &) { return std::optional(true); };
  }
  return wanted.confirm ? wanted.confirm : terminal_confirmer();
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
  station->contacts = std::move(*contacts);
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
  const bool remember = (wanted.remember || station->settings.remember) && !wanted.dry_run;
  if (remember) { // what cannot be kept is said before anything is done
    auto diarist = Diarist::open(diary::Diary::usual_file(), station->contacts);
    if (!diarist) {
      return diarist.error();
    }
    station->diarist = std::move(*diarist);
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
  parts.contacts = station->contacts;
  parts.hand = wanted.dry_run ? nullptr : &station->hand;
  parts.hands.display = station->desktop.display.get();
  parts.hands.input = station->desktop.input.get();
  parts.hands.accessibility = station->desktop.accessibility.get();
  parts.hands.settings = &station->settings;
  parts.hands.state = state_folder();
  parts.confirm = confirmer(wanted);
  parts.narrate = wanted.narrate;
  parts.keep_sound = remember;
  station->turn = std::make_unique<assistant::Turn>(std::move(parts));
  return station;
}

} // namespace yanxing::verb
