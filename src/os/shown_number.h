// The number that a cell's text stands for. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace yanxing::os {

// The number a cell shows ("1,234.50", "-3", "(5)", "¥1,200", "12%", "1.2E+03"), nothing where it shows a text.
std::optional<double> shown_number(std::string_view text);

} // namespace yanxing::os
