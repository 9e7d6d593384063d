#include "os/fake_desktop.h"

#include <algorithm>

namespace yanxing::os {

Result<Picture> FakeDisplay::capture() {
  if (picture.empty()) {
    return Error{"the fake display has no picture", ""};
  }
  return picture;
}

Result<std::pair<int, int>> FakeDisplay::pointer() { return pointer_at; }

Status FakeInput::click(int x, int y, Button button, int count) {
  const char *name = button == Button::kLeft ? "left" : button == Button::kMiddle ? "middle" : "right";
  events.push_back("click " + std::to_string(x) + " " + std::to_string(y) + " " + name + " x" + std::to_string(count));
  return {};
}

Status FakeInput::scroll(int x, int y, int steps) {
  events.push_back("scroll " + std::to_string(x) + " " + std::to_string(y) + " " + std::to_string(steps));
  return {};
}

Status FakeInput::type(const std::string &utf8) {
  events.push_back("type " + utf8);
  return {};
}

Status FakeInput::key(const std::string &chord) {
  events.push_back("key " + chord);
  return {};
}

Result<WidgetTree> FakeAccessibility::snapshot(int limit, int /*timeout_ms*/) {
  if (tree.widgets.empty()) {
    return Error{"no accessible window is showing", ""};
  }
  WidgetTree seen = tree;
  seen.selection = selection;
  seen.widgets.resize(std::min(seen.widgets.size(), static_cast<std::size_t>(std::max(limit, 0))));
  return seen;
}

Result<CellGrid> FakeAccessibility::cells(std::uint64_t handle, std::size_t max_cells) {
  const auto found = grids.find(handle);
  if (found == grids.end()) {
    return Error{"widget " + std::to_string(handle) + " is not a table", ""};
  }
  CellGrid grid = found->second;
  const std::size_t columns = grid.empty() ? 0 : grid[0].size();
  grid.resize(columns == 0 ? 0 : std::min(grid.size(), max_cells / columns));
  return grid;
}

Result<std::string> FakeAccessibility::selected_text() {
  if (selection.empty()) {
    return Error{"nothing in the active window is selected", ""};
  }
  return selection;
}

Status FakeAccessibility::press(std::uint64_t handle) { return record(handle, "press " + std::to_string(handle)); }

Status FakeAccessibility::set_text(std::uint64_t handle, const std::string &utf8) {
  return record(handle, "set_text " + std::to_string(handle) + " " + utf8);
}

Status FakeAccessibility::focus(std::uint64_t handle) { return record(handle, "focus " + std::to_string(handle)); }

Status FakeAccessibility::record(std::uint64_t handle, const std::string &event) {
  const bool known = std::any_of(tree.widgets.begin(), tree.widgets.end(),
                                 [handle](const Widget &widget) { return widget.handle == handle; });
  if (!known) {
    return Error{"the widget is of an earlier look", "Look again"};
  }
  events.push_back(event);
  return {};
}

} // namespace yanxing::os
