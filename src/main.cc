// yanxing: one binary, one verb a run. A verb is one file in verb/verbs/; this only picks it and
// turns what it returns or throws into one line on stderr and an exit status.
#include "verb/verb.h"

#include <cstdlib>
#include <unistd.h>

namespace {

// libgomp reads this before main runs. Without it, its idle threads spin, and two engines that share two cores slow
// each other down many times over; so it is set and the program started once more.
void let_idle_threads_sleep(char **argv) {
  constexpr int kKeepUsersChoice = 0;
  if (std::getenv("OMP_WAIT_POLICY") == nullptr && ::setenv("OMP_WAIT_POLICY", "passive", kKeepUsersChoice) == 0) {
    ::execv("/proc/self/exe", argv); // returns only where it failed; then we go on as we are
  }
}

} // namespace

int main(int argc, char **argv) {
  let_idle_threads_sleep(argv);
  return yanxing::verb::run_main(argc, argv);
}
