#include "verb/parts.h"
#include "verb/station.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <iostream>

namespace yanxing::verb {
namespace {

struct Options : DecidingOptions {
  int endpoint_ms = 0;
  bool dry_run = false;
  bool mute = false;
};

Status listen(const Options &options) {
  StationOptions wanted;
  wanted.voice = !options.mute;
  wanted.dry_run = options.dry_run;
  if (!options.json) {
    wanted.narrate = [](const std::string &stage, const std::string &text) {
      std::cout << stage << ": " << text << "\n" << std::flush;
    };
  }
  auto station = open_station(options, wanted);
  if (!station) {
    return station.error();
  }
  if (options.endpoint_ms > 0) {
    (*station)->settings.endpoint_ms = options.endpoint_ms;
  }
  return listen_to_microphone(options, **station, [&](const assistant::TurnReport &report) {
    if (options.json) {
      print_json(assistant::to_json(report));
    } else {
      std::cout << "reply: " << report.reply << "\n" << std::flush;
    }
  });
}

} // namespace

Verb make_listen_verb() {
  return {"listen", "the same loop with the microphone, until Ctrl-C",
          "  yanxing listen\n  yanxing listen --lang zh --endpoint 400 --contacts contacts.vcf",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<Options>();
            options->screen = "live";
            add_deciding_options(app, *options);
            app.add_option("--endpoint", options->endpoint_ms, "silence that ends an utterance, in ms (default 500)")
                ->check(CLI::Range(200, 3000));
            app.add_flag("--dry-run", options->dry_run, "decide and check, but do nothing");
            app.add_flag("--mute", options->mute, "do not speak the replies");
            return [options] { return listen(*options); };
          },
          ""};
}

} // namespace yanxing::verb
