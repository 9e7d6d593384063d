// When is a predicted argument the same as the expected one? By meaning, not by spelling: 26, 26.0 and "26" are one
// number; texts are compared without case, spaces, width, Traditional or Simplified script, digits or number words.
#pragma once

#include "base/json.h"
#include "base/shapes.h"

#include <string_view>
#include <vector>

namespace yanxing::eval {

// Equal by meaning; lists in order, objects member by member.
bool same_value(const Json &expected, const Json &given);

// What an expected value admits. {"any_of":[…]} lists acceptable values at any depth, where null or "" means that the
// argument may be left out. A bare list means the same where `parameter` (may be null) takes neither a list nor an
// object.
bool may_be_absent(const Json &expected, const Parameter *parameter);
bool accepts(const Json &expected, const Json &given, const Parameter *parameter);

} // namespace yanxing::eval
