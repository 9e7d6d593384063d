// yanxing: one program, one verb a run. A verb is one file in verb/verbs/; this only picks it and turns what it returns
// or throws into one line on stderr and an exit status. Verbs that it does not have are yanxing-train's.
#include "verb/verb.h"

int main(int argc, char **argv) {
  yanxing::verb::hand_over_to_training(argv);
  return yanxing::verb::run_main(argc, argv, yanxing::verb::all_verbs());
}
