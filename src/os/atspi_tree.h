// Walking the accessible tree of the active window, level by level, every level's questions in flight together.
#pragma once

#include "os/atspi_bus.h"
#include "os/desktop.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace yanxing::os {

struct AccessibleNode {
  ObjectRef object;
  std::uint32_t role = 0;
  std::uint64_t states = 0;
  std::string name;
  Box box; // screen coordinates as the bus tells them
  int children = 0;
  int parent = -1;
};

struct ActiveWindow {
  std::string app;
  std::vector<AccessibleNode> roots; // the active window first, then its application's open menus and the like
};

// The window that says it is active; else `last` while it still shows; else the only or first one that shows.
Result<ActiveWindow> find_active_window(AtspiBus &bus, const ObjectRef &last, Deadline deadline);

// What is showing below the roots, parents before children. Objects that manage their descendants themselves
// (a spreadsheet has 2^31 children) are kept but not entered.
std::vector<AccessibleNode> walk_showing(AtspiBus &bus, const std::vector<AccessibleNode> &roots, std::size_t limit,
                                         Deadline deadline);

// Toolkits nested in another (LibreOffice's own widgets inside GTK's) report places without what the outer toolkit puts
// above them, its menu bar: 25 pixels too high. The nested root pane fills its parent, so the two differ by that shift.
void undo_nested_shift(std::vector<AccessibleNode> &nodes);

// The reply of Component.GetExtents; empty where there is none.
Box box_of(const Variant &reply);

bool manages_descendants(const AccessibleNode &node);

} // namespace yanxing::os
