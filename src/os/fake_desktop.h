// A desktop in memory, for tests: what it shows is set, what was done to it is recorded.
#pragma once

#include "os/desktop.h"

#include <map>

namespace yanxing::os {

class FakeDisplay : public Display {
public:
  Picture picture;
  std::pair<int, int> pointer_at{0, 0};

  Result<Picture> capture() override;
  Result<std::pair<int, int>> pointer() override;
};

class FakeInput : public Input {
public:
  std::vector<std::string> events; // "click 10 20 left x2", "scroll 10 20 3", "type 你好", "key ctrl+s"

  Status click(int x, int y, Button button, int count) override;
  Status scroll(int x, int y, int steps) override;
  Status type(const std::string &utf8) override;
  Status key(const std::string &chord) override;
};

class FakeAccessibility : public Accessibility {
public:
  WidgetTree tree;
  std::map<std::uint64_t, CellGrid> grids; // by handle
  std::string selection;
  std::vector<std::string> events; // "press 3", "set_text 3 你好", "focus 3"

  Result<WidgetTree> snapshot(int limit, int timeout_ms) override;
  Result<CellGrid> cells(std::uint64_t handle, std::size_t max_cells) override;
  Result<std::string> selected_text() override;
  Status press(std::uint64_t handle) override;
  Status set_text(std::uint64_t handle, const std::string &utf8) override;
  Status focus(std::uint64_t handle) override;

private:
  Status record(std::uint64_t handle, const std::string &event);
};

} // namespace yanxing::os
