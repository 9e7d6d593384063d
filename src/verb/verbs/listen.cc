#include "verb/listening.h"
#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

namespace yanxing::verb {
namespace {

struct Options : DecidingOptions {
  ListeningOptions listening;
};

} // namespace

Verb make_listen_verb() {
  return {"listen", "the same loop with the microphone, until Ctrl-C",
          "  yanxing listen\n  yanxing listen --lang zh --endpoint 400 --contacts contacts.vcf\n"
          "  yanxing listen --microphone say.wav --dry-run --json",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<Options>();
            options->screen = "live";
            add_deciding_options(app, *options);
            add_listening_options(app, options->listening);
            app.add_flag("--dry-run", options->listening.dry_run, "decide and check, but do nothing");
            app.add_flag("--yes", options->listening.yes, "answer every confirmation with yes");
            app.add_flag("--mute", options->listening.mute, "do not speak the replies");
            app.add_flag("--remember", options->listening.remember,
                         "keep the turns with their sounds and screens, to learn from: 'yanxing corrections'");
            return [options] { return listen(*options, options->listening); };
          },
          ""};
}

} // namespace yanxing::verb
