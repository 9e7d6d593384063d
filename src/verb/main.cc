#include "verb/verb.h"

#include "base/log.h"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>

namespace yanxing::verb {

#define YANXING_DECLARE(name) Verb make_##name##_verb();
#include "verb_table.inc"
#undef YANXING_DECLARE

std::vector<Verb> all_verbs() {
  return {
#define YANXING_ENTRY(name) make_##name##_verb(),
#include "verb_table.inc"
#undef YANXING_ENTRY
  };
}

namespace {

void print_error(const std::string &message) { std::cerr << "error: " << message << "\n"; }

Status run_verb(const std::function<Status()> &body) {
  try {
    return body();
  } catch (const std::exception &fatal) {
    return Error{std::string("internal error: ") + fatal.what(), "Please report this with the command you ran"};
  }
}

} // namespace

int run_main(int argc, char **argv) {
  CLI::App app("yanxing (言行): say it, and it is done. A private voice operator for this computer.", "yanxing");
  app.set_version_flag("--version", "yanxing " YANXING_VERSION);
  app.require_subcommand(1);
  bool quiet = false;
  bool verbose = false;
  app.add_flag("-q,--quiet", quiet, "only results and errors");
  app.add_flag("-v,--verbose", verbose, "more of what happens inside");
  app.fallthrough();

  std::function<Status()> chosen;
  for (const auto &verb : all_verbs()) {
    auto *command = app.add_subcommand(verb.name, verb.summary);
    if (!verb.alias.empty()) {
      command->alias(verb.alias);
    }
    command->footer("Examples:\n" + verb.examples);
    auto body = verb.define(*command);
    command->callback([&chosen, body] { chosen = body; });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &wrong) {
    constexpr int kUsage = 2;
    return app.exit(wrong) == 0 ? 0 : kUsage;
  }
  set_log_level(quiet ? LogLevel::kQuiet : verbose ? LogLevel::kDebug : LogLevel::kInfo);
  const auto status = run_verb(chosen);
  if (!status) {
    print_error(status.error().message());
    return 1;
  }
  return 0;
}

} // namespace yanxing::verb
