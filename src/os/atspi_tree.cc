#include "os/atspi_tree.h"

#include "os/atspi_roles.h"

#include <atspi/atspi.h>

#include <algorithm>

namespace yanxing::os {
namespace {

constexpr const char *kAccessible = "org.a11y.atspi.Accessible";
constexpr const char *kComponent = "org.a11y.atspi.Component";
constexpr int kMostChildren = 300; // of one object: a long list's later items are scrolled away anyhow
constexpr int kSilentApplicationMs = 400;
constexpr int kMostApplications = 64;

std::uint64_t states_of(const Variant &reply) {
  if (!reply || !g_variant_is_of_type(reply.get(), G_VARIANT_TYPE("(au)"))) {
    return 0;
  }
  const Variant words(g_variant_get_child_value(reply.get(), 0));
  std::uint64_t states = 0;
  for (gsize i = 0; i < std::min<gsize>(g_variant_n_children(words.get()), 2); ++i) {
    std::uint32_t word = 0;
    g_variant_get_child(words.get(), i, "u", &word);
    states |= static_cast<std::uint64_t>(word) << (32 * i);
  }
  return states;
}

std::uint32_t role_of(const Variant &reply) {
  std::uint32_t role = 0;
  if (reply && g_variant_is_of_type(reply.get(), G_VARIANT_TYPE("(u)"))) {
    g_variant_get(reply.get(), "(u)", &role);
  }
  return role;
}

void read_states(AtspiBus &bus, std::vector<AccessibleNode> &nodes, Deadline deadline) {
  std::vector<BusCall> calls;
  for (const AccessibleNode &node : nodes) {
    calls.push_back({node.object, kAccessible, "GetState", nullptr});
  }
  const auto replies = bus.call(calls, deadline);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    nodes[i].states = states_of(replies[i]);
  }
}

void read_particulars(AtspiBus &bus, std::vector<AccessibleNode> &nodes, Deadline deadline) {
  std::vector<BusCall> calls;
  for (const AccessibleNode &node : nodes) {
    calls.push_back({node.object, kAccessible, "GetRole", nullptr});
    calls.push_back(property(node.object, kAccessible, "Name"));
    calls.push_back(property(node.object, kAccessible, "ChildCount"));
    calls.push_back({node.object, kComponent, "GetExtents", g_variant_new("(u)", ATSPI_COORD_TYPE_SCREEN)});
  }
  const auto replies = bus.call(calls, deadline);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    nodes[i].role = role_of(replies[4 * i]);
    nodes[i].name = property_string(replies[4 * i + 1]);
    nodes[i].children = property_int(replies[4 * i + 2], 0);
    nodes[i].box = box_of(replies[4 * i + 3]);
  }
}

// Not worth a question: a closed menu's items (thirty a menu), what lies in a box folded to a line, and the insides of
// buttons.
bool shows_nothing_below(const AccessibleNode &node) {
  switch (node.role) {
  case ATSPI_ROLE_MENU:
    return !has_state(node.states, ATSPI_STATE_SELECTED) && !has_state(node.states, ATSPI_STATE_EXPANDED);
  case ATSPI_ROLE_PUSH_BUTTON:
  case ATSPI_ROLE_LABEL:
  case ATSPI_ROLE_SEPARATOR:
  case ATSPI_ROLE_SCROLL_BAR:
    return true;
  default:
    return (node.box.width == 0) != (node.box.height == 0);
  }
}

std::vector<AccessibleNode> children_of(AtspiBus &bus, const std::vector<AccessibleNode> &nodes, std::size_t first,
                                        Deadline deadline) {
  std::vector<BusCall> calls;
  std::vector<int> parents;
  for (std::size_t i = first; i < nodes.size(); ++i) {
    const AccessibleNode &node = nodes[i];
    if (node.children <= 0 || manages_descendants(node) || shows_nothing_below(node)) {
      continue;
    }
    if (node.children <= kMostChildren) {
      calls.push_back({node.object, kAccessible, "GetChildren", nullptr});
      parents.push_back(static_cast<int>(i));
      continue;
    }
    for (int child = 0; child < kMostChildren; ++child) {
      calls.push_back({node.object, kAccessible, "GetChildAtIndex", g_variant_new("(i)", child)});
      parents.push_back(static_cast<int>(i));
    }
  }
  const auto replies = bus.call(calls, deadline);
  std::vector<AccessibleNode> children;
  const auto add = [&children](ObjectRef object, int parent) {
    if (!object.null()) {
      AccessibleNode child;
      child.object = std::move(object);
      child.parent = parent;
      children.push_back(std::move(child));
    }
  };
  for (std::size_t i = 0; i < replies.size(); ++i) {
    for (ObjectRef &object : objects_of(replies[i])) {
      add(std::move(object), parents[i]);
    }
    add(object_of(replies[i]), parents[i]);
  }
  return children;
}

bool is_window(std::uint32_t role) {
  return role == ATSPI_ROLE_FRAME || role == ATSPI_ROLE_DIALOG || role == ATSPI_ROLE_ALERT ||
         role == ATSPI_ROLE_FILE_CHOOSER || role == ATSPI_ROLE_COLOR_CHOOSER || role == ATSPI_ROLE_FONT_CHOOSER;
}

void keep_showing(std::vector<AccessibleNode> &nodes) {
  std::erase_if(nodes, [](const AccessibleNode &node) { return !has_state(node.states, ATSPI_STATE_SHOWING); });
}

// The index of the window to look at; windows.size() where none shows.
std::size_t choose(const std::vector<AccessibleNode> &windows, const ObjectRef &last) {
  std::size_t shown = windows.size();
  std::size_t remembered = windows.size();
  for (std::size_t i = windows.size(); i-- > 0;) {
    if (!is_window(windows[i].role)) {
      continue;
    }
    if (has_state(windows[i].states, ATSPI_STATE_ACTIVE)) {
      return i;
    }
    shown = i;
    remembered = windows[i].object == last ? i : remembered;
  }
  return remembered < windows.size() ? remembered : shown;
}

} // namespace

Box box_of(const Variant &reply) {
  Box box;
  if (reply && g_variant_is_of_type(reply.get(), G_VARIANT_TYPE("((iiii))"))) {
    g_variant_get(reply.get(), "((iiii))", &box.x, &box.y, &box.width, &box.height);
  }
  return box;
}

bool manages_descendants(const AccessibleNode &node) { return has_state(node.states, ATSPI_STATE_MANAGES_DESCENDANTS); }

Result<ActiveWindow> find_active_window(AtspiBus &bus, const ObjectRef &last, Deadline deadline) {
  const ObjectRef registry{"org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root"};
  const auto replies = bus.call({{registry, kAccessible, "GetChildren", nullptr}}, deadline);
  if (!replies[0]) {
    return Error{"the accessibility registry does not answer", "Start at-spi2-core in this session"};
  }
  std::vector<AccessibleNode> apps;
  for (ObjectRef &object : objects_of(replies[0])) {
    if (apps.size() < kMostApplications) {
      AccessibleNode app;
      app.object = std::move(object);
      app.children = 1;
      apps.push_back(std::move(app));
    }
  }
  // An application that hangs must not take the whole time with it, where another one answers.
  const Deadline soon =
      std::min(deadline, std::chrono::steady_clock::now() + std::chrono::milliseconds(kSilentApplicationMs));
  std::vector<AccessibleNode> windows = children_of(bus, apps, 0, soon);
  if (windows.empty()) { // the only one is busy, as just after its start
    windows = children_of(bus, apps, 0, deadline);
  }
  read_states(bus, windows, deadline);
  keep_showing(windows);
  read_particulars(bus, windows, deadline);
  const std::size_t chosen = choose(windows, last);
  if (chosen == windows.size()) {
    return Error{"no accessible window is showing", "Open a window, or turn on accessibility for the application"};
  }
  ActiveWindow active;
  const int owner = windows[chosen].parent;
  active.roots.push_back(windows[chosen]);
  for (const AccessibleNode &window : windows) {
    if (window.parent == owner && !is_window(window.role)) { // open menus, tooltips, completion lists
      active.roots.push_back(window);
    }
  }
  for (AccessibleNode &root : active.roots) {
    root.parent = -1;
  }
  const auto name = bus.call({property(apps[static_cast<std::size_t>(owner)].object, kAccessible, "Name")}, deadline);
  active.app = property_string(name[0]);
  return active;
}

void undo_nested_shift(std::vector<AccessibleNode> &nodes) {
  std::vector<std::pair<int, int>> shifts(nodes.size());
  const auto same_size = [](const Box &a, const Box &b) {
    return std::abs(a.width - b.width) <= 2 && std::abs(a.height - b.height) <= 2;
  };
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].parent < 0) {
      continue;
    }
    const auto above = static_cast<std::size_t>(nodes[i].parent);
    const Box &outer = nodes[above].box; // corrected already: parents come first
    Box &box = nodes[i].box;
    shifts[i] = shifts[above];
    if (nodes[i].role == ATSPI_ROLE_ROOT_PANE && same_size(box, outer)) {
      shifts[i] = {outer.x - box.x, outer.y - box.y};
    } else if (box.x == outer.x && box.y == outer.y && same_size(box, outer)) {
      shifts[i] = {0, 0}; // the outer toolkit again, which tells the truth
    }
    box.x += shifts[i].first;
    box.y += shifts[i].second;
  }
}

std::vector<AccessibleNode> walk_showing(AtspiBus &bus, const std::vector<AccessibleNode> &roots, std::size_t limit,
                                         Deadline deadline) {
  std::vector<AccessibleNode> nodes(roots.begin(),
                                    roots.begin() + static_cast<std::ptrdiff_t>(std::min(roots.size(), limit)));
  std::size_t first = 0;
  while (first < nodes.size() && nodes.size() < limit && std::chrono::steady_clock::now() < deadline) {
    std::vector<AccessibleNode> level = children_of(bus, nodes, first, deadline);
    first = nodes.size();
    read_states(bus, level, deadline);
    keep_showing(level);
    level.resize(std::min(level.size(), limit - nodes.size()));
    read_particulars(bus, level, deadline);
    std::move(level.begin(), level.end(), std::back_inserter(nodes));
  }
  return nodes;
}

} // namespace yanxing::os
