// What the numbers on the accessibility bus mean. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace yanxing::os {

// The two words of an AT-SPI state set as one: bit n is AtspiStateType n.
bool has_state(std::uint64_t states, int state);
// The states that say something to a user, in words ("focused", "checked", "disabled", …).
std::vector<std::string> state_words(std::uint64_t states);
// "push button" for 43; "unknown" beyond the table.
std::string role_name(std::uint32_t role);
// Roles whose text is worth reading in a snapshot: what a user can write into or reads as content.
bool holds_text(std::uint32_t role);
// Rows and columns of cells under it: tables, tree tables.
bool is_table(std::uint32_t role);

} // namespace yanxing::os
