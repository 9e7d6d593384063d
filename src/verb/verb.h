// A verb is one file NAME.cc in verb/verbs/ that defines Verb make_NAME_verb(); CMake makes the table of all.
#pragma once

#include "base/result.h"
#include "base/shapes.h"

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace yanxing::verb {

struct Verb {
  std::string name;
  std::string summary;  // one line for the table in --help
  std::string examples; // shown under the options; at least one line that can be pasted
  // Declares options on `app`, and returns what to run once they are parsed. Status → exit 0 or 1.
  std::function<std::function<Status()>(CLI::App &app)> define;
  std::string alias;         // older or other spelling, e.g. deploy for serve
  bool takes_config = false; // its first word may be a file of options (config_file.h)
};

std::vector<Verb> all_verbs();

// Becomes yanxing-train, the same program with the training verbs, where that lies beside this one and a verb that is
// not in all_verbs(), or the list of all verbs, is asked for. Returns where there is nothing to hand over.
void hand_over_to_training(char **argv);

// Parses, runs, prints "error: …" for what failed. Exit codes: 0 done, 1 failed, 2 wrong usage.
int run_main(int argc, char **argv, const std::vector<Verb> &verbs);

} // namespace yanxing::verb
