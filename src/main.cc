// yanxing: one binary, one verb a run. A verb is one file in verb/verbs/; this only picks it and
// turns what it returns or throws into one line on stderr and an exit status.
#include "verb/verb.h"

int main(int argc, char **argv) { return yanxing::verb::run_main(argc, argv); }
