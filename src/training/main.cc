// yanxing-train: everything that yanxing does, and the verbs that need libtorch. `yanxing sft` starts it, so that
// nobody who only speaks to the computer waits for libtorch to be loaded.
#include "verb/verb.h"

namespace yanxing::training {

#define YANXING_DECLARE(name) verb::Verb make_##name##_training_verb();
#include "training_verb_table.inc"
#undef YANXING_DECLARE

std::vector<verb::Verb> training_verbs() {
  return {
#define YANXING_ENTRY(name) make_##name##_training_verb(),
#include "training_verb_table.inc"
#undef YANXING_ENTRY
  };
}

} // namespace yanxing::training

int main(int argc, char **argv) {
  auto verbs = yanxing::verb::all_verbs();
  for (auto &verb : yanxing::training::training_verbs()) {
    verbs.push_back(std::move(verb));
  }
  return yanxing::verb::run_main(argc, argv, verbs);
}
