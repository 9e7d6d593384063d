// How many requests a sentence holds. A small model is asked one thing at a time, and only asked for more where the
// words leave something over.
#pragma once

#include "base/shapes.h"

#include <string>
#include <vector>

namespace yanxing::text {

// The requests of a compound sentence, in order: parted at 然后, "and then" and the like always, at "and", 并, commas
// where what follows begins like a request of its own (a verb of some action). One entry where it is a single request.
std::vector<std::string> split_requests(const std::string &utterance, const std::vector<ActionSpec> &actions);

// After a call with these arguments: may the sentence ask for another one ("the lamp and the fan")? Not where each part
// that is joined on is a value that the call has ("with cream and sugar").
bool may_ask_for_more(const std::string &folded, const Json &arguments);

} // namespace yanxing::text
