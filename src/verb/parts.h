// What several verbs need: options they share, and the parts of a turn made from them.
#pragma once

#include "action/registry.h"
#include "assistant/mind.h"
#include "assistant/turn.h"
#include "base/config.h"
#include "screen/look.h"
#include "speech/recognizer.h"
#include "speech/synthesizer.h"
#include "text/repair.h"

#include <memory>
#include <string>

namespace CLI {
class App;
}

namespace yanxing::verb {

// Options of the verbs that decide.
struct DecidingOptions {
  std::string actions;  // folder, file; empty: the ones that come with yanxing
  std::string contacts; // .vcf; empty: contacts.vcf in the configuration folder, where it is there
  std::string screen;   // live, a picture, a screen JSON; empty: nothing is seen
  std::string language = "auto";
  std::string model; // light tier; empty: from the settings
  std::string large; // large tier; "none": do not ask it
  std::string adapter;
  int threads = 0;
  bool json = false;
};
void add_deciding_options(CLI::App &app, DecidingOptions &options);
void add_json_option(CLI::App &app, bool &json);

Result<Settings> settings();
Result<std::unique_ptr<assistant::Mind>> open_mind(const DecidingOptions &options, const Settings &settings,
                                                   bool one_registry);
Result<std::unique_ptr<speech::Recognizer>> open_recognizer(const Settings &settings, int threads);
Result<std::unique_ptr<text::Repairer>> open_repairer();
Result<std::unique_ptr<speech::Synthesizer>> open_synthesizer(const Settings &settings, const std::string &voice = "",
                                                              int threads = 0);
std::unique_ptr<screen::TextReader> open_text_reader(int threads);
Result<action::Registry> open_registry(const std::string &path);
Result<std::vector<Contact>> open_contacts(const std::string &path);
// "auto" → absent.
Result<std::optional<Language>> parse_language(const std::string &text);

// The machine's desktop as far as it is there, kept for the whole run.
struct Desktop {
  std::unique_ptr<os::Display> display;
  std::unique_ptr<os::Input> input;
  std::unique_ptr<os::Accessibility> accessibility;
};
Desktop open_desktop();
// `what`: live, a picture file, a screen JSON, or "" for nothing.
Result<screen::Sight> look(const std::string &what, Desktop &desktop, screen::TextReader &reader);

// Asks on the terminal (and by nothing else); absent where there is no terminal.
assistant::Confirmer terminal_confirmer();

// One JSON line on stdout.
void print_json(const Json &json);

} // namespace yanxing::verb
