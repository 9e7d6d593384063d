// Words that put the last turn right: "不对，发给王芳", "no, to Anna", "I meant the lamp".
#pragma once

#include "base/shapes.h"

#include <string>

namespace yanxing::text {

// Whether the sentence begins as a correction does and goes on: a bare "no" puts nothing right.
bool corrects_last_turn(const std::string &words);

// Whether what was decided was right for those words, and the user only wants something else now: the same action, and
// every value that the correction replaces had been said in full. Nothing is to be learned from that.
bool is_change_of_mind(const std::string &words, const Action &decided, const Action &correction);

} // namespace yanxing::text
