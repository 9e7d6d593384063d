// Words that put the last turn right: "不对，发给王芳", "no, to Anna", "I meant the lamp".
#pragma once

#include <string>

namespace yanxing::text {

// Whether the sentence begins as a correction does and goes on: a bare "no" puts nothing right.
bool corrects_last_turn(const std::string &words);

} // namespace yanxing::text
