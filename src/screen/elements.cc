#include "screen/elements.h"

#include <algorithm>
#include <array>

namespace yanxing::screen {
namespace {

constexpr std::size_t kTextBytes = 240;
constexpr int kLabelReach = 5; // ancestors that may lend their name to a nameless field

struct RoleKind {
  std::string_view role;
  std::string_view kind;
};

constexpr std::array<RoleKind, 53> kRoles{{{"table", "table"},
                                           {"tree table", "table"},
                                           {"table cell", "cell"},
                                           {"table column header", "cell"},
                                           {"table row header", "cell"},
                                           {"column header", "cell"},
                                           {"row header", "cell"},
                                           {"push button", "button"},
                                           {"button", "button"},
                                           {"toggle button", "button"},
                                           {"push button menu", "button"},
                                           {"link", "link"},
                                           {"text", "field"},
                                           {"entry", "field"},
                                           {"password text", "field"},
                                           {"spin button", "field"},
                                           {"combo box", "field"},
                                           {"autocomplete", "field"},
                                           {"editbar", "field"},
                                           {"date editor", "field"},
                                           {"check box", "checkbox"},
                                           {"check menu item", "checkbox"},
                                           {"switch", "checkbox"},
                                           {"radio button", "radio"},
                                           {"radio menu item", "radio"},
                                           {"menu", "menu"},
                                           {"menu item", "menu"},
                                           {"tearoff menu item", "menu"},
                                           {"page tab", "tab"},
                                           {"list", "list"},
                                           {"list box", "list"},
                                           {"tree", "list"},
                                           {"list item", "item"},
                                           {"tree item", "item"},
                                           {"image", "image"},
                                           {"canvas", "image"},
                                           {"chart", "image"},
                                           {"icon", "icon"},
                                           {"desktop icon", "icon"},
                                           {"frame", "window"},
                                           {"dialog", "window"},
                                           {"alert", "window"},
                                           {"file chooser", "window"},
                                           {"slider", "slider"},
                                           {"dial", "slider"},
                                           {"progress bar", "other"},
                                           {"label", "text"},
                                           {"static", "text"},
                                           {"heading", "text"},
                                           {"paragraph", "text"},
                                           {"terminal", "document"},
                                           {"html container", "document"},
                                           {"article", "text"}}};

// Of these a user says "this one" without its being focused.
constexpr std::array<std::string_view, 4> kSalientKinds{"table", "document", "image", "list"};

long long area(const Box &box) { return static_cast<long long>(box.width) * box.height; }

bool holds(const Box &box, std::pair<int, int> point) {
  return point.first >= box.x && point.first < box.x + box.width && point.second >= box.y &&
         point.second < box.y + box.height;
}

Box clipped(const Box &box, int width, int height) {
  const int left = std::clamp(box.x, 0, width);
  const int top = std::clamp(box.y, 0, height);
  return {left, top, std::clamp(box.x + box.width, 0, width) - left, std::clamp(box.y + box.height, 0, height) - top};
}

// A field without a name of its own is called by the box around it ("Font Name").
std::string borrowed_name(const os::WidgetTree &tree, const os::Widget &widget) {
  const os::Widget *around = &widget;
  for (int step = 0; step < kLabelReach && around->parent >= 0; ++step) {
    around = &tree.widgets[static_cast<std::size_t>(around->parent)];
    if (area(around->box) > 4 * area(widget.box)) {
      break;
    }
    if (!around->name.empty()) {
      return around->name;
    }
  }
  return {};
}

std::string table_name(const std::string &title, std::string sheet) {
  for (const std::string_view prefix : {"Sheet ", "工作表 "}) { // LibreOffice calls a sheet's table "Sheet NAME"
    if (sheet.starts_with(prefix)) {
      sheet.erase(0, prefix.size());
      break;
    }
  }
  const std::string document = document_title(title);
  return sheet.empty() || sheet == document ? document : document.empty() ? sheet : document + " " + sheet;
}

bool has(const std::vector<std::string> &states, std::string_view state) {
  return std::find(states.begin(), states.end(), state) != states.end();
}

Element element_of(const os::WidgetTree &tree, const os::Widget &widget, std::string kind) {
  Element element;
  element.kind = std::move(kind);
  element.name = widget.name;
  element.text = shortened(widget.text, kTextBytes);
  element.states = widget.states;
  element.rows = widget.rows;
  element.columns = widget.columns;
  if (element.kind == "table") {
    element.name = table_name(tree.title, widget.name);
    element.text = first_cells(widget.text);
  } else if (element.kind == "document") {
    const std::string title = document_title(tree.title);
    element.name = title.empty() ? widget.name : title;
  } else if (element.kind == "field" && element.name.empty()) {
    element.name = borrowed_name(tree, widget);
  } else if (element.kind == "text" && element.name.empty()) {
    std::swap(element.name, element.text);
  }
  if (element.text == element.name) {
    element.text.clear();
  }
  element.name = shortened(element.name, kTextBytes);
  return element;
}

bool worth_naming(const Element &element) {
  if (element.box.width < 3 || element.box.height < 3) {
    return false;
  }
  const bool speaks = !element.name.empty() || !element.text.empty();
  return speaks || has(element.states, "focused") || element.kind == "table" || element.kind == "field" ||
         element.kind == "document" || element.kind == "window";
}

// 0 is kept before 1 and so on, where there are too many.
int rank(const Candidate &candidate) {
  const std::string &kind = candidate.element.kind;
  if (candidate.focused || kind == "window" || kind == "table" || kind == "document") {
    return 0;
  }
  if (kind == "text" || kind == "cell" || kind == "item" || kind == "other") {
    return 2;
  }
  return has(candidate.element.states, "disabled") ? 3 : 1;
}

// Candidate indices in reading order: a new line begins where the next element lies lower than half of the first.
std::vector<std::size_t> reading_order(const std::vector<Candidate> &candidates) {
  std::vector<std::size_t> order(candidates.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  const auto middle = [&candidates](std::size_t i) {
    const Box &box = candidates[i].element.box;
    return box.y + std::min(box.height, 40) / 2; // a large region is read from its top
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return middle(a) < middle(b); });
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && middle(order[end]) - middle(order[begin]) < 10) {
      ++end;
    }
    std::stable_sort(
        order.begin() + static_cast<std::ptrdiff_t>(begin), order.begin() + static_cast<std::ptrdiff_t>(end),
        [&](std::size_t a, std::size_t b) { return candidates[a].element.box.x < candidates[b].element.box.x; });
    begin = end;
  }
  return order;
}

// The candidate that is "this <kind>", for each kind that has one.
std::map<std::string, std::size_t> current_ones(const std::vector<Candidate> &candidates,
                                                std::optional<std::pair<int, int>> pointer) {
  std::map<std::string, std::size_t> current;
  std::size_t under_pointer = candidates.size();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Element &element = candidates[i].element;
    if (has(element.states, "focused")) {
      current[element.kind] = i; // the innermost: parents come first
    }
    if (pointer && holds(element.box, *pointer) &&
        (under_pointer == candidates.size() || area(element.box) <= area(candidates[under_pointer].element.box))) {
      under_pointer = i;
    }
  }
  for (std::size_t i = candidates.size(); i-- > 0;) { // what the focus lies in: the document around the table
    if (candidates[i].focused) {
      current.emplace(candidates[i].element.kind, i);
    }
  }
  if (under_pointer < candidates.size()) {
    current.emplace(candidates[under_pointer].element.kind, under_pointer);
  }
  for (const std::string_view kind : kSalientKinds) {
    std::size_t largest = candidates.size();
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (candidates[i].element.kind == kind &&
          (largest == candidates.size() || area(candidates[i].element.box) > area(candidates[largest].element.box))) {
        largest = i;
      }
    }
    if (largest < candidates.size()) {
      current.emplace(std::string(kind), largest);
    }
  }
  for (std::size_t i = candidates.size(); i-- > 0;) { // the first window is the active one
    if (candidates[i].element.kind == "window") {
      current["window"] = i;
    }
  }
  return current;
}

} // namespace

std::string kind_of_role(std::string_view role) {
  const auto found =
      std::find_if(kRoles.begin(), kRoles.end(), [role](const RoleKind &entry) { return entry.role == role; });
  if (found != kRoles.end()) {
    return std::string(found->kind);
  }
  return role.starts_with("document") ? "document" : "";
}

std::string document_title(const std::string &window_title) {
  for (const std::string_view dash : {" - ", " — ", " – "}) {
    if (const std::size_t at = window_title.rfind(dash); at != std::string::npos && at > 0) {
      return window_title.substr(0, at);
    }
  }
  return window_title;
}

std::vector<Candidate> candidates_from(const os::WidgetTree &tree, int width, int height) {
  std::vector<Candidate> candidates;
  std::vector<int> kept(tree.widgets.size(), -1); // widget → nearest candidate that is it or holds it
  for (std::size_t i = 0; i < tree.widgets.size(); ++i) {
    const os::Widget &widget = tree.widgets[i];
    const int above = widget.parent >= 0 ? kept[static_cast<std::size_t>(widget.parent)] : -1;
    kept[i] = above;
    std::string kind = kind_of_role(widget.role);
    if (kind.empty()) {
      continue;
    }
    if (kind == "field" && !has(widget.states, "editable") && (widget.role == "text" || widget.role == "entry")) {
      kind = "text";
    }
    Candidate candidate;
    candidate.element = element_of(tree, widget, std::move(kind));
    candidate.element.box = clipped(widget.box, width, height);
    candidate.widget = widget.handle;
    candidate.parent = above;
    candidate.focused = has(widget.states, "focused");
    if (!worth_naming(candidate.element)) {
      continue;
    }
    kept[i] = static_cast<int>(candidates.size());
    for (int up = candidate.focused ? above : -1; up >= 0; up = candidates[static_cast<std::size_t>(up)].parent) {
      candidates[static_cast<std::size_t>(up)].focused = true;
    }
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

std::string shortened(std::string_view text, std::size_t bytes) {
  std::string folded;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      if (!folded.empty() && folded.back() != ' ') {
        folded += ' ';
      }
    } else {
      folded += c;
    }
  }
  if (!folded.empty() && folded.back() == ' ') {
    folded.pop_back();
  }
  if (folded.size() > bytes) {
    std::size_t end = bytes;
    while (end > 0 && (static_cast<unsigned char>(folded[end]) & 0xc0U) == 0x80U) {
      --end;
    }
    folded.resize(end);
    folded += "…";
  }
  return folded;
}

std::string first_cells(std::string_view lines) {
  std::string text;
  for (const char c : lines) {
    text += c == '\t' ? std::string(" | ") : c == '\n' ? std::string("; ") : std::string(1, c);
  }
  while (text.ends_with("; ")) {
    text.resize(text.size() - 2);
  }
  return shortened(text, kTextBytes);
}

std::string lines_of(const os::CellGrid &grid) {
  std::string lines;
  for (const auto &row : grid) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      lines += (column > 0 ? "\t" : "") + row[column].text;
    }
    lines += '\n';
  }
  return lines;
}

std::vector<Element> name_elements(std::vector<Candidate> candidates, std::optional<std::pair<int, int>> pointer,
                                   std::map<std::string, std::uint64_t> &widgets,
                                   std::map<std::string, os::CellGrid> &grids) {
  const std::map<std::string, std::size_t> current = current_ones(candidates, pointer);
  std::vector<std::size_t> order = reading_order(candidates);
  const auto is_current = [&](std::size_t i) {
    const auto found = current.find(candidates[i].element.kind);
    return found != current.end() && found->second == i;
  };
  std::stable_partition(order.begin(), order.end(), is_current);
  if (order.size() > kMostElements) {
    std::vector<std::size_t> by_rank = order;
    std::stable_sort(by_rank.begin(), by_rank.end(), [&](std::size_t a, std::size_t b) {
      return (is_current(a) ? -1 : rank(candidates[a])) < (is_current(b) ? -1 : rank(candidates[b]));
    });
    by_rank.resize(kMostElements);
    std::erase_if(order, [&](std::size_t i) { return std::find(by_rank.begin(), by_rank.end(), i) == by_rank.end(); });
  }
  std::map<std::string, int> count;
  for (const std::size_t i : order) {
    Element &element = candidates[i].element;
    element.id = is_current(i) ? "current_" + element.kind : element.kind + "_" + std::to_string(++count[element.kind]);
  }
  std::vector<Element> elements;
  for (const std::size_t i : order) {
    Candidate &candidate = candidates[i];
    for (int up = candidate.parent; up >= 0 && candidate.element.parent.empty();
         up = candidates[static_cast<std::size_t>(up)].parent) {
      candidate.element.parent = candidates[static_cast<std::size_t>(up)].element.id; // empty where it was dropped
    }
    if (candidate.widget != 0) {
      widgets[candidate.element.id] = candidate.widget;
    }
    if (candidate.grid) {
      grids[candidate.element.id] = std::move(*candidate.grid);
    }
  }
  for (const std::size_t i : order) {
    elements.push_back(candidates[i].element);
  }
  return elements;
}

} // namespace yanxing::screen
