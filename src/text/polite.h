// What is said where nothing is done: a "don't" is heard as such, a greeting is answered, and only what was really
// asked for and cannot be done is declined.
#pragma once

#include <string>

namespace yanxing::text {

// In the utterance's language.
std::string reply_to_nothing(const std::string &utterance);

} // namespace yanxing::text
