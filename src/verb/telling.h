// What a turn prints for people.
#pragma once

#include "assistant/turn.h"

namespace yanxing::verb {

void tell_decision(const assistant::TurnReport &report); // heard, repaired, decided
void print_timings(const assistant::TurnReport &report);

} // namespace yanxing::verb
