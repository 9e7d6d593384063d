#include "verb/verb.h"

#include "base/log.h"
#include "llm/packed_weights.h"
#include "verb/config_file.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <thread>
#include <unistd.h>

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

// Of the last minute; more than the cores where it cannot be told.
double load_of_machine() {
  double load = std::numeric_limits<double>::infinity();
  std::ifstream("/proc/loadavg") >> load;
  return load;
}

// libgomp reads these before main runs, so they are set and the program started once more. Idle threads sleep: while
// others want the cores, threads that spin make a turn ten times as long. On a machine that has nothing else to do they
// wait a fifth of a millisecond first, since the next piece of work comes within microseconds (a fifth faster).
void let_idle_threads_sleep(char **argv) {
  constexpr int kKeepUsersChoice = 0;
  const bool quiet = load_of_machine() < 0.5 * std::thread::hardware_concurrency();
  if (std::getenv("OMP_WAIT_POLICY") == nullptr && ::setenv("OMP_WAIT_POLICY", "passive", kKeepUsersChoice) == 0 &&
      ::setenv("GOMP_SPINCOUNT", quiet ? "20000" : "0", kKeepUsersChoice) == 0) {
    ::execv("/proc/self/exe", argv); // returns only where it failed; then we go on as we are
  }
}

// The verb, or the wish for help; empty where neither is given.
std::string first_word(char **argv) {
  for (char **word = argv + 1; argv[0] != nullptr && *word != nullptr; ++word) {
    const std::string_view text = *word;
    if (text == "--help" || text == "-h" || !text.starts_with("-")) {
      return std::string(text);
    }
  }
  return {};
}

// The command line, with the options of the file that `sft run.yaml` names in that file's place.
Result<std::vector<std::string>> words_of_command(int argc, char **argv, const CLI::App &app,
                                                  const std::vector<Verb> &verbs) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const auto is_configured = [&](const std::string &word) {
    return std::any_of(verbs.begin(), verbs.end(),
                       [&](const Verb &verb) { return word == verb.name && verb.takes_config; });
  };
  const auto verb = std::find_if(words.begin(), words.end(), is_configured);
  if (verb == words.end() || verb + 1 == words.end() || !is_config_file(verb[1])) {
    return words;
  }
  const auto file = verb[1];
  const auto *command = app.get_subcommand(*verb);
  const auto place = words.erase(verb + 1);
  const auto options = words_of_config(file, *command, words);
  if (!options) {
    return options.error();
  }
  words.insert(place, options->begin(), options->end());
  return words;
}

bool is_one_of(const std::vector<Verb> &verbs, const std::string &name) {
  return std::any_of(verbs.begin(), verbs.end(),
                     [&](const Verb &verb) { return name == verb.name || (name == verb.alias && !name.empty()); });
}

} // namespace

void hand_over_to_training(char **argv) {
  const auto wanted = first_word(argv);
  const bool ours = wanted.empty() || is_one_of(all_verbs(), wanted);
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!ours && !error) {
    const auto program = self.parent_path() / "yanxing-train";
    ::execv(program.c_str(), argv); // returns where it is not there
  }
}

int run_main(int argc, char **argv, const std::vector<Verb> &verbs) {
  let_idle_threads_sleep(argv);
  llm::offer_packed_weights(); // whisper asks for the types of buffers too, and they are listed once
  constexpr int kUsage = 2;
  CLI::App app("yanxing (言行): say it, and it is done. A private voice operator for this computer.", "yanxing");
  app.set_version_flag("--version", "yanxing " YANXING_VERSION);
  app.require_subcommand(1);
  bool quiet = false;
  bool verbose = false;
  app.add_flag("-q,--quiet", quiet, "only results and errors");
  app.add_flag("-v,--verbose", verbose, "more of what happens inside");
  app.fallthrough();

  if (const auto word = first_word(argv); !word.empty() && word[0] != '-' && !is_one_of(verbs, word)) {
    print_error("there is no verb '" + word + "' in this build. See yanxing --help; training verbs need " +
                "scripts/setup.sh --train");
    return kUsage;
  }
  std::function<Status()> chosen;
  for (const auto &verb : verbs) {
    auto *command = app.add_subcommand(verb.name, verb.summary);
    if (!verb.alias.empty()) {
      command->alias(verb.alias);
    }
    command->footer("Examples:\n" + verb.examples);
    auto body = verb.define(*command);
    command->callback([&chosen, body] { chosen = body; });
  }
  auto words = words_of_command(argc, argv, app, verbs);
  if (!words) {
    print_error(words.error().message());
    return kUsage;
  }
  try {
    std::reverse(words->begin(), words->end()); // as CLI11 takes them
    app.parse(*words);
  } catch (const CLI::ParseError &wrong) {
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
