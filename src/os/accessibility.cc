#include "os/atspi_bus.h"
#include "os/atspi_cells.h"
#include "os/atspi_roles.h"
#include "os/atspi_tree.h"
#include "os/desktop.h"
#include "os/x11_scale.h"

#include <atspi/atspi.h>

#include <algorithm>
#include <optional>

namespace yanxing::os {
namespace {

constexpr const char *kText = "org.a11y.atspi.Text";
constexpr const char *kTable = "org.a11y.atspi.Table";
constexpr const char *kComponent = "org.a11y.atspi.Component";
constexpr const char *kSelection = "org.a11y.atspi.Selection";
constexpr std::size_t kTextBytes = 1200;         // of a widget's text
constexpr ScanLimits kPreview{600, 16, 8, 3, 2}; // of a table while looking
constexpr std::size_t kPreviewRows = 12;
constexpr int kCellsTimeoutMs = 10000;
constexpr int kLookTimeoutMs = 1500;
constexpr std::size_t kSelectionWidgets = 800;
constexpr int kActTimeoutMs = 3000;
constexpr int kMostSelected = 2000;

Deadline in(int milliseconds) { return std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds); }

std::string as_lines(const CellGrid &grid, std::size_t most_rows) {
  std::string lines;
  for (std::size_t row = 0; row < std::min(grid.size(), most_rows); ++row) {
    for (std::size_t column = 0; column < grid[row].size(); ++column) {
      lines += (column > 0 ? "\t" : "") + grid[row][column].text;
    }
    lines += '\n';
  }
  return lines;
}

// Cut between two characters of UTF-8.
std::string shortened(std::string text) {
  if (text.size() > kTextBytes) {
    std::size_t end = kTextBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) {
      --end;
    }
    text.resize(end);
  }
  return text;
}

class AtspiAccessibility : public Accessibility {
public:
  explicit AtspiAccessibility(std::unique_ptr<AtspiBus> bus) : bus_(std::move(bus)) {}

  Result<WidgetTree> snapshot(int limit, int timeout_ms) override {
    const Deadline deadline = in(timeout_ms);
    auto active = find_active_window(*bus_, last_window_, deadline);
    if (!active) {
      return active.error();
    }
    last_window_ = active->roots[0].object;
    nodes_ = walk_showing(*bus_, active->roots, static_cast<std::size_t>(std::max(limit, 1)), deadline);
    undo_nested_shift(nodes_);
    scale_ = scale_of_active_window(nodes_[0].box);
    ++generation_;
    WidgetTree tree;
    tree.app = active->app;
    tree.title = active->roots[0].name;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      tree.widgets.push_back(widget(nodes_[i], i));
    }
    tree.active = has_state(nodes_[0].states, ATSPI_STATE_ACTIVE);
    read_texts(tree, deadline);
    read_tables(tree, deadline);
    for (Widget &widget : tree.widgets) {
      widget.box = scaled(widget.box, scale_);
    }
    tree.selection = selection_in(nodes_, deadline).value_or("");
    return tree;
  }

  Result<CellGrid> cells(std::uint64_t handle, std::size_t max_cells) override {
    auto node = find(handle);
    if (!node) {
      return node.error();
    }
    const TableSize size = table_size((*node)->object, in(kActTimeoutMs));
    if (size.rows <= 0 || size.columns <= 0) {
      return Error{"'" + (*node)->name + "' is not a table", "Name a table"};
    }
    const Deadline deadline = in(kCellsTimeoutMs);
    CellGrid grid = read_cells(*bus_, (*node)->object, size, ScanLimits{.max_cells = max_cells}, deadline);
    if (grid.empty() && std::chrono::steady_clock::now() >= deadline) {
      return Error{"the table '" + (*node)->name + "' did not answer within 10 s", "Try again"};
    }
    return grid;
  }

  // Leaves the handles of the last snapshot as they are.
  Result<std::string> selected_text() override {
    const Deadline deadline = in(kLookTimeoutMs);
    const auto active = find_active_window(*bus_, last_window_, deadline);
    if (!active) {
      return active.error();
    }
    auto text = selection_in(walk_showing(*bus_, active->roots, kSelectionWidgets, deadline), deadline);
    if (!text) {
      return Error{"nothing in the active window is selected", "Select a text first"};
    }
    return std::move(*text);
  }

  Status press(std::uint64_t handle) override {
    return act(handle, "org.a11y.atspi.Action", "DoAction", g_variant_new("(i)", 0));
  }

  Status set_text(std::uint64_t handle, const std::string &utf8) override {
    return act(handle, "org.a11y.atspi.EditableText", "SetTextContents", g_variant_new("(s)", utf8.c_str()));
  }

  Status focus(std::uint64_t handle) override { return act(handle, "org.a11y.atspi.Component", "GrabFocus", nullptr); }

private:
  [[nodiscard]] Widget widget(const AccessibleNode &node, std::size_t index) const {
    Widget result;
    result.handle = generation_ << 32U | index;
    result.role = role_name(node.role);
    result.name = node.name;
    result.box = node.box;
    result.states = state_words(node.states);
    result.parent = node.parent;
    return result;
  }

  void read_texts(WidgetTree &tree, Deadline deadline) {
    std::vector<BusCall> calls;
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (holds_text(nodes_[i].role)) {
        calls.push_back({nodes_[i].object, kText, "GetText", g_variant_new("(ii)", 0, -1)});
        asked.push_back(i);
      }
    }
    const auto replies = bus_->call(calls, deadline);
    for (std::size_t k = 0; k < asked.size(); ++k) {
      tree.widgets[asked[k]].text = shortened(string_of(replies[k]));
    }
  }

  void read_tables(WidgetTree &tree, Deadline deadline) {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!is_table(nodes_[i].role)) {
        continue;
      }
      const TableSize size = table_size(nodes_[i].object, deadline);
      bool complete = false;
      const CellGrid grid = read_cells(*bus_, nodes_[i].object, size, kPreview, deadline, &complete);
      Widget &table = tree.widgets[i];
      // A table too long to be read while looking keeps its own row count where that is believable.
      const bool sheet = size.rows >= 65536;
      table.rows = complete || sheet ? static_cast<int>(grid.size()) : size.rows;
      table.columns = complete || sheet ? static_cast<int>(grid.empty() ? 0 : grid[0].size()) : size.columns;
      table.text = as_lines(grid, kPreviewRows);
      if (!grid.empty()) {
        table.box = used_box(nodes_[i], grid, deadline);
      }
    }
  }

  // A sheet fills its window, its data seldom does: the visible part of the used range.
  Box used_box(const AccessibleNode &table, const CellGrid &grid, Deadline deadline) {
    const auto corners =
        bus_->call({{table.object, kTable, "GetAccessibleAt", g_variant_new("(ii)", 0, 0)},
                    {table.object, kTable, "GetAccessibleAt",
                     g_variant_new("(ii)", static_cast<int>(grid.size()) - 1, static_cast<int>(grid[0].size()) - 1)}},
                   deadline);
    std::vector<BusCall> calls{{table.object, kComponent, "GetExtents", g_variant_new("(u)", ATSPI_COORD_TYPE_SCREEN)}};
    for (const Variant &corner : corners) {
      if (const ObjectRef cell = object_of(corner); !cell.null()) {
        calls.push_back({cell, kComponent, "GetExtents", g_variant_new("(u)", ATSPI_COORD_TYPE_SCREEN)});
      }
    }
    const auto boxes = bus_->call(calls, deadline);
    if (boxes.size() != 3) {
      return table.box;
    }
    const Box told = box_of(boxes[0]); // before undo_nested_shift, as the cells are
    const Box first = box_of(boxes[1]);
    const Box last = box_of(boxes[2]);
    const int left = std::max(first.x, told.x);
    const int top = std::max(first.y, told.y);
    const Box used{left + table.box.x - told.x, top + table.box.y - told.y,
                   std::min(last.x + last.width, told.x + told.width) - left,
                   std::min(last.y + last.height, told.y + told.height) - top};
    return first.empty() || last.empty() || used.empty() ? table.box : used;
  }

  TableSize table_size(const ObjectRef &table, Deadline deadline) {
    const auto replies = bus_->call({property(table, kTable, "NRows"), property(table, kTable, "NColumns")}, deadline);
    return {property_int(replies[0], 0), property_int(replies[1], 0)};
  }

  // Of the deepest focused widget; nothing where it has no selection.
  std::optional<std::string> selection_in(const std::vector<AccessibleNode> &nodes, Deadline deadline) {
    for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
      if (has_state(node->states, ATSPI_STATE_FOCUSED)) {
        std::string text =
            is_table(node->role) ? selected_cells(node->object, deadline) : selected_range(node->object, deadline);
        if (text.find_first_not_of("\t\n ") != std::string::npos) {
          return text;
        }
      }
    }
    return std::nullopt;
  }

  std::string selected_range(const ObjectRef &object, Deadline deadline) {
    const auto range = bus_->call({{object, kText, "GetSelection", g_variant_new("(i)", 0)}}, deadline);
    int from = 0;
    int to = 0;
    if (range[0] && g_variant_is_of_type(range[0].get(), G_VARIANT_TYPE("(ii)"))) {
      g_variant_get(range[0].get(), "(ii)", &from, &to);
    }
    if (from == to) {
      return {};
    }
    const auto text = bus_->call(
        {{object, kText, "GetText", g_variant_new("(ii)", std::min(from, to), std::max(from, to))}}, deadline);
    return string_of(text[0]);
  }

  // The selected cells as lines of tab-separated texts.
  std::string selected_cells(const ObjectRef &table, Deadline deadline) {
    const auto count = bus_->call({property(table, kSelection, "NSelectedChildren")}, deadline);
    const int selected = std::min(property_int(count[0], 0), kMostSelected);
    std::vector<BusCall> calls;
    for (int i = 0; i < selected; ++i) {
      calls.push_back({table, kSelection, "GetSelectedChild", g_variant_new("(i)", i)});
    }
    const auto children = bus_->call(calls, deadline);
    std::vector<ObjectRef> cells;
    calls.clear();
    for (const Variant &child : children) {
      if (ObjectRef cell = object_of(child); !cell.null()) {
        calls.push_back({cell, kText, "GetText", g_variant_new("(ii)", 0, -1)});
        calls.push_back({cell, kComponent, "GetExtents", g_variant_new("(u)", ATSPI_COORD_TYPE_SCREEN)});
      }
    }
    std::string text;
    const auto replies = bus_->call(calls, deadline);
    int line = 0;
    for (std::size_t i = 0; i + 1 < replies.size(); i += 2) {
      const Box box = box_of(replies[i + 1]);
      text += (i == 0 ? "" : box.y == line ? "\t" : "\n") + string_of(replies[i]);
      line = box.y;
    }
    return text;
  }

  Result<const AccessibleNode *> find(std::uint64_t handle) const {
    const std::uint64_t index = handle & 0xffffffffU;
    if (handle >> 32U != generation_ || index >= nodes_.size()) {
      return Error{"the widget is of an earlier look", "Look again"};
    }
    return &nodes_[index];
  }

  Status act(std::uint64_t handle, const char *interface, const char *method, GVariant *arguments) {
    const Variant owned(arguments != nullptr ? g_variant_ref_sink(arguments) : nullptr);
    auto node = find(handle);
    if (!node) {
      return node.error();
    }
    auto reply = bus_->call_one({(*node)->object, interface, method, owned.get()}, kActTimeoutMs);
    if (!reply) {
      return reply.error();
    }
    gboolean done = TRUE;
    if (g_variant_is_of_type(reply->get(), G_VARIANT_TYPE("(b)"))) {
      g_variant_get(reply->get(), "(b)", &done);
    }
    if (done == FALSE) {
      return Error{"'" + (*node)->name + "' (" + role_name((*node)->role) + ") refused " + method,
                   "Click it or type instead"};
    }
    return {};
  }

  std::unique_ptr<AtspiBus> bus_;
  ObjectRef last_window_;
  std::vector<AccessibleNode> nodes_;
  std::uint64_t generation_ = 0;
  int scale_ = 1;
};

} // namespace

Result<std::unique_ptr<Accessibility>> open_accessibility() {
  auto bus = AtspiBus::open();
  if (!bus) {
    return bus.error();
  }
  return std::unique_ptr<Accessibility>(std::make_unique<AtspiAccessibility>(std::move(bus).value()));
}

} // namespace yanxing::os
