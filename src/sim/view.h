// What is seen of a simulated desktop: the front window's elements with the ids that the real `look` gives them, and a
// picture of it.
#pragma once

#include "base/picture.h"
#include "sim/desktop.h"

#include <map>
#include <string>

namespace yanxing::sim {

struct View {
  Screen screen;
  std::map<std::string, std::uint64_t> items; // element id → index of the front window's item, plus 1
  // The element of an item of the front window; null where it is not shown.
  [[nodiscard]] const Element *of_item(std::size_t index) const;
};

inline constexpr std::string_view kSelectionId = "current_selection";

View look(const Desktop &desktop);

// The whole desktop as it would be captured: windows from back to front, `look`'s boxes fit.
Picture render(const Desktop &desktop);

} // namespace yanxing::sim
