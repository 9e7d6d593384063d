#include "screen/look.h"

#include "screen/elements.h"
#include "screen/picture_tables.h"

#include <algorithm>

namespace yanxing::screen {
namespace {

constexpr int kMostWidgets = 800;
constexpr int kLookTimeoutMs = 1500;

Candidate candidate_of(std::string kind, std::string name, const Box &box, int parent) {
  Candidate candidate;
  candidate.element.kind = std::move(kind);
  candidate.element.name = std::move(name);
  candidate.element.box = box;
  candidate.parent = parent;
  return candidate;
}

// What OCR and the picture's own lines tell: the tables with their cells, and every line of text.
Status add_from_picture(const Picture &picture, TextReader &reader, std::vector<Candidate> &candidates) {
  auto lines = reader.read(picture);
  if (!lines) {
    return lines.error();
  }
  std::vector<int> table_of_line(lines->size(), -1);
  for (PictureTable &table : find_tables(picture, *lines)) {
    Candidate candidate = candidate_of("table", "", table.box, 0);
    candidate.element.rows = static_cast<int>(table.cells.size());
    candidate.element.columns = static_cast<int>(table.cells[0].size());
    candidate.element.text = first_cells(lines_of(table.cells));
    candidate.grid = std::move(table.cells);
    for (const std::size_t line : table.lines) {
      table_of_line[line] = static_cast<int>(candidates.size());
    }
    candidates.push_back(std::move(candidate));
  }
  for (std::size_t i = 0; i < lines->size(); ++i) {
    const bool in_table = table_of_line[i] >= 0;
    candidates.push_back(
        candidate_of(in_table ? "cell" : "text", (*lines)[i].text, (*lines)[i].box, in_table ? table_of_line[i] : 0));
  }
  return {};
}

Candidate whole_window(const Picture &picture, const std::string &title) {
  return candidate_of("window", title, {0, 0, picture.width, picture.height}, -1);
}

// The selected text as an element of its own: "把选中的内容翻译一下".
void add_selection(const std::string &selection, const std::vector<Candidate> &candidates, Sight &sight) {
  if (selection.empty()) {
    return;
  }
  const auto focused = std::find_if(candidates.rbegin(), candidates.rend(), [](const Candidate &candidate) {
    const auto &states = candidate.element.states;
    return std::find(states.begin(), states.end(), "focused") != states.end();
  });
  Element element;
  element.id = "current_selection";
  element.kind = "selection";
  element.name = shortened(selection, 60);
  element.text = shortened(selection, 1000);
  element.states = {"selected"};
  if (focused != candidates.rend()) {
    element.box = focused->element.box;
    if (focused->widget != 0) {
      sight.widgets[element.id] = focused->widget;
    }
  }
  sight.screen.elements.insert(sight.screen.elements.begin(), std::move(element));
}

bool says_something(const std::vector<Candidate> &candidates) {
  return std::any_of(candidates.begin(), candidates.end(),
                     [](const Candidate &candidate) { return candidate.element.kind != "window"; });
}

} // namespace

Result<Sight> look_at_desktop(os::Display &display, os::Accessibility *accessibility, TextReader *reader) {
  auto picture = display.capture();
  if (!picture) {
    return picture.error();
  }
  const auto pointed = display.pointer();
  const auto pointer = pointed ? std::optional(*pointed) : std::nullopt;
  Sight sight;
  sight.picture = std::move(picture).value();
  sight.screen.width = sight.picture.width;
  sight.screen.height = sight.picture.height;
  std::vector<Candidate> candidates;
  std::string selection;
  Error why{"no accessibility bus is there", "Start at-spi2-core in this session"};
  if (accessibility != nullptr) {
    auto tree = accessibility->snapshot(kMostWidgets, kLookTimeoutMs);
    if (!tree) {
      why = tree.error();
    } else if (tree->active || reader == nullptr) {
      // Where no accessible window says that it is active, another window has the focus: only its picture tells.
      sight.screen.app = tree->app;
      sight.screen.title = tree->title;
      candidates = candidates_from(*tree, sight.picture.width, sight.picture.height);
      selection = tree->selection;
    }
  }
  if (!says_something(candidates)) {
    if (reader == nullptr) {
      return Error{"the active window tells nothing about its content: " + why.what,
                   "Fetch the text reader with 'yanxing pull pp-ocr-v6', so that the screen can be read as a picture"};
    }
    candidates.assign(1, whole_window(sight.picture, sight.screen.title));
    if (Status read = add_from_picture(sight.picture, *reader, candidates); !read) {
      return read.error();
    }
  }
  sight.screen.elements = name_elements(candidates, pointer, sight.widgets, sight.grids);
  add_selection(selection, candidates, sight);
  return sight;
}

Result<Sight> look_at_picture(Picture picture, TextReader &reader) {
  if (picture.empty()) {
    return Error{"the picture is empty", "Give a PNG, JPEG, BMP or GIF picture"};
  }
  Sight sight;
  sight.picture = std::move(picture);
  sight.screen.width = sight.picture.width;
  sight.screen.height = sight.picture.height;
  std::vector<Candidate> candidates{whole_window(sight.picture, "")};
  if (Status read = add_from_picture(sight.picture, reader, candidates); !read) {
    return read.error();
  }
  sight.screen.elements = name_elements(std::move(candidates), std::nullopt, sight.widgets, sight.grids);
  return sight;
}

} // namespace yanxing::screen
