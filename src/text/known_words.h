// The words that repair may find in what was heard: the people, the labels on the screen, the values of closed sets.
#pragma once

#include "base/shapes.h"
#include "text/repair.h"

#include <vector>

namespace yanxing::text {

// `screen` and `contacts` may be null.
std::vector<KnownWord> known_words(const std::vector<ActionSpec> &actions, const Screen *screen,
                                   const std::vector<Contact> *contacts);

} // namespace yanxing::text
