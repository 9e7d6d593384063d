// A whole assistant at its station: models loaded, screen and hands at the ready. Shared by run and listen.
#pragma once

#include "assistant/turn.h"
#include "assistant/voice.h"
#include "verb/diarist.h"
#include "verb/parts.h"

#include <memory>

namespace yanxing::verb {

struct StationOptions {
  bool ear = true;
  bool voice = true;
  bool voice_to_file = false; // gather only, no loudspeaker
  bool dry_run = false;
  bool yes = false;
  bool remember = false;        // keep the turns, as the setting of that name does
  assistant::Confirmer confirm; // empty: the terminal is asked
  assistant::Narrator narrate;
};

struct Station {
  Settings settings;
  action::Registry registry;
  std::vector<Contact> contacts;
  std::unique_ptr<assistant::Mind> mind;
  std::unique_ptr<speech::Recognizer> recognizer;
  std::unique_ptr<text::Repairer> repairer;
  std::unique_ptr<screen::TextReader> reader;
  std::unique_ptr<assistant::Voice> voice;
  action::Operator hand;
  Desktop desktop;
  std::unique_ptr<assistant::Turn> turn;
  std::unique_ptr<Diarist> diarist; // null: turns are not kept
};

Result<std::unique_ptr<Station>> open_station(const DecidingOptions &options, const StationOptions &wanted);

} // namespace yanxing::verb
