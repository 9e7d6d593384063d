#include "os/atspi_bus.h"
#include "os/atspi_cells.h"
#include "os/atspi_roles.h"
#include "os/atspi_tree.h"
#include "os/desktop.h"

#include <atspi/atspi.h>

#include <algorithm>

namespace yanxing::os {
namespace {

constexpr const char *kText = "org.a11y.atspi.Text";
constexpr const char *kTable = "org.a11y.atspi.Table";
constexpr const char *kSelection = "org.a11y.atspi.Selection";
constexpr std::size_t kTextBytes = 1200; // of a widget's text
constexpr ScanLimits kPreview{600, 16, 8, 3, 2}; // of a table while looking
constexpr std::size_t kPreviewRows = 12;
constexpr int kCellsTimeoutMs = 10000;
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
    ++generation_;
    WidgetTree tree;
    tree.app = active->app;
    tree.title = active->roots[0].name;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      tree.widgets.push_back(widget(nodes_[i], i));
    }
    read_texts(tree, deadline);
    read_tables(tree, deadline);
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

  Result<std::string> selected_text() override {
    const auto seen = snapshot(400, 1500);
    if (!seen) {
      return seen.error();
    }
    for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) { // the deepest focused one
      if (has_state(node->states, ATSPI_STATE_FOCUSED)) {
        return is_table(node->role) ? selected_cells(node->object) : selected_range(node->object);
      }
    }
    return Error{"nothing in the active window is selected", "Select a text first"};
  }

  Status press(std::uint64_t handle) override {
    return act(handle, "org.a11y.atspi.Action", "DoAction", g_variant_new("(i)", 0));
  }

  Status set_text(std::uint64_t handle, const std::string &utf8) override {
    return act(handle, "org.a11y.atspi.EditableText", "SetTextContents", g_variant_new("(s)", utf8.c_str()));
  }

  Status focus(std::uint64_t handle) override {
    return act(handle, "org.a11y.atspi.Component", "GrabFocus", nullptr);
  }

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
    }
  }

  TableSize table_size(const ObjectRef &table, Deadline deadline) {
    const auto replies =
        bus_->call({property(table, kTable, "NRows"), property(table, kTable, "NColumns")}, deadline);
    return {property_int(replies[0], 0), property_int(replies[1], 0)};
  }

  Result<std::string> selected_range(const ObjectRef &object) {
    const auto range = bus_->call({{object, kText, "GetSelection", g_variant_new("(i)", 0)}}, in(kActTimeoutMs));
    int from = 0;
    int to = 0;
    if (range[0] && g_variant_is_of_type(range[0].get(), G_VARIANT_TYPE("(ii)"))) {
      g_variant_get(range[0].get(), "(ii)", &from, &to);
    }
    if (from == to) {
      return Error{"nothing in the focused field is selected", "Select a text first"};
    }
    auto text = bus_->call_one({object, kText, "GetText", g_variant_new("(ii)", std::min(from, to), std::max(from, to))},
                               kActTimeoutMs);
    if (!text) {
      return text.error();
    }
    return string_of(*text);
  }

  Result<std::string> selected_cells(const ObjectRef &table) {
    const Deadline deadline = in(kActTimeoutMs);
    const auto count = bus_->call({property(table, kSelection, "NSelectedChildren")}, deadline);
    const int selected = std::min(property_int(count[0], 0), kMostSelected);
    std::vector<BusCall> calls;
    for (int i = 0; i < selected; ++i) {
      calls.push_back({table, kSelection, "GetSelectedChild", g_variant_new("(i)", i)});
    }
    const auto cells = bus_->call(calls, deadline);
    calls.clear();
    for (const Variant &cell : cells) {
      calls.push_back({object_of(cell), kText, "GetText", g_variant_new("(ii)", 0, -1)});
    }
    std::erase_if(calls, [](const BusCall &call) { return call.object.null(); });
    std::string text;
    for (const Variant &reply : bus_->call(calls, deadline)) {
      text += (text.empty() ? "" : "\t") + string_of(reply);
    }
    if (text.find_first_not_of('\t') == std::string::npos) {
      return Error{"no filled cell is selected", "Select the cells first"};
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
