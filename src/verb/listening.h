// The loop with a microphone, as the verbs 'listen' and 'run --mic' start it.
#pragma once

#include "verb/parts.h"

#include <string>
#include <vector>

namespace yanxing::verb {

struct ListeningOptions {
  std::vector<std::string> microphone; // recordings that stand in for one; empty: the machine's own
  int endpoint_ms = 0;                 // 0: as the settings say
  bool push_to_talk = false;
  bool dry_run = false;
  bool yes = false;
  bool mute = false;
  bool remember = false;
};
void add_listening_options(CLI::App &app, ListeningOptions &options);

// Until Ctrl-C, or until the recordings are over. A JSON line or some lines of text a turn.
Status listen(const DecidingOptions &deciding, const ListeningOptions &options);

} // namespace yanxing::verb
