#include "sim/view.h"

#include "screen/elements.h"

#include <algorithm>

namespace yanxing::sim {
namespace {

constexpr std::size_t kTextBytes = 240; // as much as the real look keeps

std::string shown_cells(const Cells &cells) {
  std::string lines;
  for (const auto &row : cells) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      lines += (column > 0 ? "\t" : "") + row[column];
    }
    lines += '\n';
  }
  return screen::first_cells(lines);
}

Element element_of(const Item &item, bool focused) {
  Element element;
  element.kind = item.kind;
  element.name = item.name;
  element.text = item.cells.empty() ? screen::shortened(item.text, kTextBytes) : shown_cells(item.cells);
  element.box = item.box;
  for (const auto &[state, holds] : {std::pair{"focused", focused}, std::pair{"checked", item.checked},
                                     std::pair{"selected", item.selected}, std::pair{"disabled", item.disabled}}) {
    if (holds) {
      element.states.emplace_back(state);
    }
  }
  element.rows = static_cast<int>(item.cells.size());
  element.columns = item.cells.empty() ? 0 : static_cast<int>(item.cells[0].size());
  return element;
}

} // namespace

const Element *View::of_item(std::size_t index) const {
  const auto found = std::find_if(items.begin(), items.end(), [&](const auto &pair) {
    return pair.second == index + 1 && pair.first != kSelectionId;
  });
  return found == items.end() ? nullptr : screen.find(found->first);
}

View look(const Desktop &desktop) {
  View view;
  view.screen.width = desktop.width;
  view.screen.height = desktop.height;
  const auto *window = desktop.front();
  if (window == nullptr) {
    return view;
  }
  view.screen.app = window->app;
  view.screen.title = window->title;
  std::vector<screen::Candidate> candidates;
  candidates.reserve(window->items.size() + 1);
  screen::Candidate frame;
  frame.element.kind = "window";
  frame.element.name = window->title;
  frame.element.box = window->box;
  frame.focused = window->focus >= 0;
  candidates.push_back(std::move(frame));
  const Item *selected = nullptr;
  std::size_t selected_at = 0;
  for (std::size_t i = 0; i < window->items.size(); ++i) {
    const auto &item = window->items[i];
    if (item.gone) {
      continue;
    }
    const bool focused = window->focus == static_cast<int>(i);
    screen::Candidate candidate;
    candidate.element = element_of(item, focused);
    candidate.focused = focused;
    candidate.parent = 0;
    candidate.widget = i + 1;
    candidates.push_back(std::move(candidate));
    if (!item.selection.empty() && selected == nullptr) {
      selected = &item;
      selected_at = i;
    }
  }
  std::map<std::string, os::CellGrid> no_grids;
  view.screen.elements = screen::name_elements(std::move(candidates), std::nullopt, view.items, no_grids);
  if (selected != nullptr) {
    Element element;
    element.id = kSelectionId;
    element.kind = "text";
    element.name = screen::shortened(selected->selection, 60);
    element.text = selected->selection;
    element.states = {"selected"};
    element.box = selected->box;
    view.screen.elements.insert(view.screen.elements.begin(), std::move(element));
    view.items[std::string(kSelectionId)] = selected_at + 1;
  }
  return view;
}

} // namespace yanxing::sim
