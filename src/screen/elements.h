// From widgets and texts to the elements a user can name, with their ids. Pure functions.
#pragma once

#include "base/shapes.h"
#include "os/desktop.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace yanxing::screen {

inline constexpr std::size_t kMostElements = 200;

// An element on its way into a Screen.
struct Candidate {
  Element element;                  // without its id
  std::uint64_t widget = 0;         // os::Widget handle, 0 where there is none
  int parent = -1;                  // index of the containing candidate
  bool focused = false;             // it, or something inside it
  std::optional<os::CellGrid> grid; // cells of a table found in a picture
};

// The kind of an AT-SPI role; empty for what only arranges others (panels, scroll bars).
std::string kind_of_role(std::string_view role);

// "budget.xlsx" of "budget.xlsx - LibreOffice Calc".
std::string document_title(const std::string &window_title);

// The widgets that are worth naming, boxes clipped to the screen, parents among the candidates.
std::vector<Candidate> candidates_from(const os::WidgetTree &tree, int width, int height);

// A text for a prompt: whitespace folded, at most `bytes` bytes, cut between characters.
std::string shortened(std::string_view text, std::size_t bytes);

// "部门 | 一季度; 研发部 | 320": a table's first cells from lines of tab-separated texts.
std::string first_cells(std::string_view lines);
std::string lines_of(const os::CellGrid &grid);

// Gives ids and order: `current_<kind>` to what is focused, else under the pointer, else the largest (or only) of the
// kinds of which a user says "this"; all others kind_1, kind_2, … in reading order. Keeps the most useful
// kMostElements. `widgets` and `grids` receive what stands behind the ids.
std::vector<Element> name_elements(std::vector<Candidate> candidates, std::optional<std::pair<int, int>> pointer,
                                   std::map<std::string, std::uint64_t> &widgets,
                                   std::map<std::string, os::CellGrid> &grids);

} // namespace yanxing::screen
