// The graphical desktop: its picture, its accessible widgets, its input. Fakes in os/fake_desktop.h.
// Everything is in pixels of the captured picture; display scaling is undone here, nowhere else.
#pragma once

#include "base/picture.h"
#include "base/result.h"
#include "base/shapes.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace yanxing::os {

class Display {
public:
  virtual ~Display() = default;
  virtual Result<Picture> capture() = 0;
  // Pointer position in pixels of the picture.
  virtual Result<std::pair<int, int>> pointer() = 0;
};

class Input {
public:
  virtual ~Input() = default;
  enum class Button { kLeft = 1, kMiddle = 2, kRight = 3 };
  virtual Status click(int x, int y, Button button, int count) = 0;
  virtual Status scroll(int x, int y, int steps) = 0; // > 0 down
  virtual Status type(const std::string &utf8) = 0;   // any Unicode text
  virtual Status key(const std::string &chord) = 0;   // "ctrl+s", "Return"
};

// One accessible widget of the active window, as the accessibility bus tells it.
struct Widget {
  std::uint64_t handle = 0; // valid until the next snapshot()
  std::string role;         // AT-SPI role name, e.g. "push button"
  std::string name;
  std::string text;
  Box box;
  std::vector<std::string> states;
  int parent = -1; // index in the snapshot
  int rows = 0;    // tables
  int columns = 0;
};

struct WidgetTree {
  std::string app;
  std::string title;
  bool active = true;          // the window says that it is the active one (else it is merely the best guess)
  std::string selection;       // what is selected in the focused widget: a text, or cells (tabs, lines)
  std::vector<Widget> widgets; // parents before children; at most the limit asked for
};

struct Cell {
  std::string text;  // as shown
  double number = 0; // meaningful where is_number
  bool is_number = false;
};
using CellGrid = std::vector<std::vector<Cell>>; // rows of equal length, trailing blank rows and columns cut

class Accessibility {
public:
  virtual ~Accessibility() = default;
  // The active window's widgets that are showing. Stops after `limit` widgets or `timeout_ms`.
  virtual Result<WidgetTree> snapshot(int limit, int timeout_ms) = 0;
  // The used cells of a table widget, off-screen ones too (at most max_cells).
  virtual Result<CellGrid> cells(std::uint64_t handle, std::size_t max_cells) = 0;
  virtual Result<std::string> selected_text() = 0;
  virtual Status press(std::uint64_t handle) = 0;                             // its default action
  virtual Status set_text(std::uint64_t handle, const std::string &utf8) = 0; // editable text
  virtual Status focus(std::uint64_t handle) = 0;
};

// How a picture's file is read: a Wayland desktop hands its screen over as one.
using PictureReader = std::function<Result<Picture>(const std::filesystem::path &file)>;

// X11 (or Wayland through the portal where DISPLAY is absent). Errors say what is missing.
Result<std::unique_ptr<Display>> open_display(PictureReader read);
Result<std::unique_ptr<Input>> open_input();
Result<std::unique_ptr<Accessibility>> open_accessibility();

} // namespace yanxing::os
