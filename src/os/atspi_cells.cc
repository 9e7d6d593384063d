#include "os/atspi_cells.h"

#include "os/shown_number.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace yanxing::os {
namespace {

constexpr const char *kTable = "org.a11y.atspi.Table";
constexpr const char *kText = "org.a11y.atspi.Text";
constexpr const char *kValue = "org.a11y.atspi.Value";
constexpr std::size_t kLongestCell = 32768; // bytes

bool is_blank(const std::string &text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' '; });
}

// A square of cells still to be read.
struct Region {
  int row;
  int column;
  int rows;
  int columns;
};

class Scan {
public:
  Scan(AtspiBus &bus, ObjectRef table, TableSize size, const ScanLimits &limits, Deadline deadline)
      : bus_(bus), table_(std::move(table)), size_(size), limits_(limits), max_cells_(limits.max_cells),
        deadline_(deadline) {}

  bool run() {
    if (size_.rows <= 0 || size_.columns <= 0 || max_cells_ == 0) {
      return true;
    }
    int rows = std::min(size_.rows, limits_.first_rows);
    int columns = std::min(size_.columns, limits_.first_columns);
    shrink(rows, columns);
    if (!read({0, 0, rows, columns})) {
      return false;
    }
    for (;;) {
      const int more_rows =
          std::min(size_.rows, used_rows_ + limits_.blank_rows + (used_rows_ > rows / 2 ? used_rows_ : 0));
      const int more_columns = std::min(size_.columns, used_columns_ + limits_.blank_columns);
      const bool longer = used_rows_ + limits_.blank_rows > rows && rows < size_.rows;
      const bool wider = used_columns_ + limits_.blank_columns > columns && columns < size_.columns;
      if (!longer && !wider) {
        return true;
      }
      const int next_columns = wider ? more_columns : columns;
      int next_rows = longer ? more_rows : rows;
      const std::size_t most_rows = max_cells_ / static_cast<std::size_t>(next_columns);
      if (static_cast<std::size_t>(rows) > most_rows) {
        return false; // the bound is reached sideways
      }
      const bool cut = static_cast<std::size_t>(next_rows) > most_rows;
      next_rows = std::min(next_rows, static_cast<int>(std::min<std::size_t>(most_rows, INT32_MAX)));
      if (!read({0, columns, rows, next_columns - columns}) || !read({rows, 0, next_rows - rows, next_columns})) {
        return false;
      }
      if (cut) {
        return false;
      }
      rows = next_rows;
      columns = next_columns;
    }
  }

  CellGrid take() { return std::move(grid_); }

private:
  void shrink(int &rows, int &columns) const {
    columns = static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(columns), max_cells_));
    rows = static_cast<int>(
        std::min<std::size_t>(static_cast<std::size_t>(rows), max_cells_ / static_cast<std::size_t>(columns)));
  }

  // False where the deadline passed.
  bool read(const Region &region) {
    if (region.rows <= 0 || region.columns <= 0) {
      return true;
    }
    std::vector<BusCall> calls;
    for (int row = region.row; row < region.row + region.rows; ++row) {
      for (int column = region.column; column < region.column + region.columns; ++column) {
        calls.push_back({table_, kTable, "GetAccessibleAt", g_variant_new("(ii)", row, column)});
      }
    }
    const auto found = bus_.call(calls, deadline_);
    calls.clear();
    std::vector<std::size_t> asked;
    std::vector<ObjectRef> cells;
    for (std::size_t i = 0; i < found.size(); ++i) {
      ObjectRef cell = object_of(found[i]);
      if (!cell.null()) {
        calls.push_back({cell, kText, "GetText", g_variant_new("(ii)", 0, -1)});
        asked.push_back(i);
        cells.push_back(std::move(cell));
      }
    }
    const std::vector<std::string> texts = texts_of(bus_.call(calls, deadline_), cells);
    std::vector<Found> numbers;
    for (std::size_t k = 0; k < asked.size(); ++k) {
      std::string text = texts[k].substr(0, kLongestCell);
      if (is_blank(text)) {
        continue;
      }
      const int width = region.columns;
      const int row = region.row + static_cast<int>(asked[k]) / width;
      const int column = region.column + static_cast<int>(asked[k]) % width;
      if (shown_number(text) || text.starts_with("###")) {
        numbers.push_back({cells[k], row, column});
      }
      put(row, column, std::move(text));
    }
    read_numbers(numbers);
    return std::chrono::steady_clock::now() < deadline_;
  }

  struct Found {
    ObjectRef object;
    int row;
    int column;
  };

  // What a cell shows is rounded to its format; the value interface, where there is one, has the whole number. A text
  // of digits (a telephone number entered as text) has the value 0 there, and stays a text.
  void read_numbers(const std::vector<Found> &numbers) {
    std::vector<BusCall> calls;
    for (const Found &cell : numbers) {
      calls.push_back(property(cell.object, kValue, "CurrentValue"));
    }
    const auto replies = bus_.call(calls, deadline_);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      Cell &cell = grid_[static_cast<std::size_t>(numbers[i].row)][static_cast<std::size_t>(numbers[i].column)];
      const std::optional<double> shown = shown_number(cell.text);
      const double value = property_double(replies[i], NAN);
      cell.number = std::isnan(value) ? shown.value_or(0) : value;
      cell.is_number = std::isnan(value) ? shown.has_value() : value != 0 || (shown && *shown == 0);
    }
  }

  // A spreadsheet's cell has its content as text and is named by its address; the cells of GTK's tree views and of
  // some browsers have no text interface, and the content as their name.
  std::vector<std::string> texts_of(const std::vector<Variant> &replies, const std::vector<ObjectRef> &cells) {
    std::vector<std::string> texts;
    std::vector<BusCall> calls;
    std::vector<std::size_t> nameless;
    for (std::size_t i = 0; i < replies.size(); ++i) {
      texts.push_back(string_of(replies[i]));
      if (!replies[i]) {
        calls.push_back(property(cells[i], "org.a11y.atspi.Accessible", "Name"));
        nameless.push_back(i);
      }
    }
    const auto names = bus_.call(calls, deadline_);
    for (std::size_t k = 0; k < nameless.size(); ++k) {
      texts[nameless[k]] = property_string(names[k]);
    }
    return texts;
  }

  void put(int row, int column, std::string text) {
    used_rows_ = std::max(used_rows_, row + 1);
    used_columns_ = std::max(used_columns_, column + 1);
    grid_.resize(static_cast<std::size_t>(used_rows_));
    for (auto &line : grid_) {
      if (line.size() < static_cast<std::size_t>(used_columns_)) {
        line.resize(static_cast<std::size_t>(used_columns_));
      }
    }
    grid_[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)].text = std::move(text);
  }

  AtspiBus &bus_;
  ObjectRef table_;
  TableSize size_;
  ScanLimits limits_;
  std::size_t max_cells_;
  Deadline deadline_;
  CellGrid grid_;
  int used_rows_ = 0;
  int used_columns_ = 0;
};

} // namespace

void trim(CellGrid &grid) {
  std::size_t columns = 0;
  std::size_t rows = 0;
  for (std::size_t row = 0; row < grid.size(); ++row) {
    for (std::size_t column = 0; column < grid[row].size(); ++column) {
      if (!is_blank(grid[row][column].text)) {
        columns = std::max(columns, column + 1);
        rows = row + 1;
      }
    }
  }
  grid.resize(rows);
  for (auto &line : grid) {
    line.resize(columns);
  }
}

CellGrid read_cells(AtspiBus &bus, const ObjectRef &table, TableSize size, const ScanLimits &limits, Deadline deadline,
                    bool *complete) {
  Scan scan(bus, table, size, limits, deadline);
  const bool whole = scan.run();
  if (complete != nullptr) {
    *complete = whole;
  }
  CellGrid grid = scan.take();
  trim(grid);
  return grid;
}

} // namespace yanxing::os
