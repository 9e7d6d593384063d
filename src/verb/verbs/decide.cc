#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <iostream>

namespace yanxing::verb {
namespace {

struct Options : DecidingOptions {
  std::string text;
};

Status decide(const Options &options) {
  const auto configured = settings();
  if (!configured) {
    return configured.error();
  }
  const auto registry = open_registry(options.actions);
  if (!registry) {
    return registry.error();
  }
  const auto contacts = open_contacts(options.contacts);
  if (!contacts) {
    return contacts.error();
  }
  auto desktop = options.screen == "live" ? open_desktop() : Desktop{};
  auto reader = open_text_reader(options.threads);
  auto sight = look(options.screen, desktop, *reader);
  if (!sight) {
    return sight.error();
  }
  auto mind = open_mind(options, *configured, true);
  if (!mind) {
    return mind.error();
  }
  assistant::Turn::Parts parts;
  parts.mind = mind->get();
  parts.registry = &*registry;
  parts.contacts = *contacts;
  assistant::Turn turn(std::move(parts));
  if (auto seen = turn.see(std::move(*sight), 0); !seen) {
    return seen;
  }
  turn.read(options.text);
  if (auto decided = turn.decide(); !decided) {
    return decided;
  }
  const auto &report = turn.report();
  if (options.json) {
    const auto whole = assistant::to_json(report);
    print_json({{"transcript", report.transcript},
                {"decision", whole["decision"]},
                {"confidence", report.decision.confidence},
                {"tier", report.decision.tier},
                {"timings_ms", whole["timings_ms"]}});
  } else {
    std::cout << dump(to_json(report.decision)) << "\n";
  }
  return {};
}

} // namespace

Verb make_decide_verb() {
  return {"decide", "words + screen → the action, without doing it",
          "  yanxing decide --text '把这个表格发给李经理' --screen shot.png --contacts contacts.vcf\n"
          "  yanxing decide --text 'set a timer for ten minutes' --json",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<Options>();
            app.add_option("--text", options->text, "what was said")->required();
            add_deciding_options(app, *options);
            return [options] { return decide(*options); };
          },
          ""};
}

} // namespace yanxing::verb
