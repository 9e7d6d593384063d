#include "screen/picture_tables.h"

#include "os/shown_number.h"
#include "screen/rulings.h"

#include <algorithm>
#include <cstdlib>

namespace yanxing::screen {
namespace {

using Lines = std::vector<TextReader::Line>;

int middle_x(const Box &box) { return box.x + box.width / 2; }
int middle_y(const Box &box) { return box.y + box.height / 2; }

// Texts sorted into the cells between cuts.
struct Sorted {
  std::vector<int> xs;
  std::vector<int> ys;
  std::vector<std::vector<std::vector<std::size_t>>> cells; // row, column → line indices

  [[nodiscard]] std::size_t rows() const { return ys.size() - 1; }
  [[nodiscard]] std::size_t columns() const { return xs.size() - 1; }
  [[nodiscard]] bool row_blank(std::size_t row) const {
    return std::all_of(cells[row].begin(), cells[row].end(), [](const auto &cell) { return cell.empty(); });
  }
  [[nodiscard]] bool column_blank(std::size_t column) const {
    return std::all_of(cells.begin(), cells.end(), [column](const auto &row) { return row[column].empty(); });
  }
};

// The cell between cuts that holds `place`; cuts.size() where none does.
std::size_t between(const std::vector<int> &cuts, int place) {
  const auto above = std::upper_bound(cuts.begin(), cuts.end(), place);
  return above == cuts.begin() || above == cuts.end() ? cuts.size()
                                                      : static_cast<std::size_t>(above - cuts.begin()) - 1;
}

Sorted sort_into(std::vector<int> xs, std::vector<int> ys, const Lines &lines, const std::vector<bool> &taken) {
  Sorted sorted{std::move(xs), std::move(ys), {}};
  sorted.cells.assign(sorted.rows(), std::vector<std::vector<std::size_t>>(sorted.columns()));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t row = between(sorted.ys, middle_y(lines[i].box));
    // A text that runs over its cell's border belongs to where it begins.
    const int start = lines[i].box.x + std::min(lines[i].box.width / 2, lines[i].box.height);
    const std::size_t column =
        between(sorted.xs, lines[i].box.width > 4 * lines[i].box.height ? start : middle_x(lines[i].box));
    if (!taken[i] && row < sorted.ys.size() && column < sorted.xs.size()) {
      sorted.cells[row][column].push_back(i);
    }
  }
  return sorted;
}

// Rows that a filled background hides the lines of: where a tall row holds texts one above the other, cut between them.
std::vector<int> with_hidden_rows(const std::vector<int> &xs, std::vector<int> ys, const Lines &lines) {
  std::vector<int> cuts = ys;
  for (std::size_t row = 0; row + 1 < ys.size(); ++row) {
    std::vector<std::pair<int, int>> spans; // top and bottom of the texts in this row
    for (const auto &line : lines) {
      if (between(ys, middle_y(line.box)) == row && between(xs, middle_x(line.box)) < xs.size()) {
        spans.emplace_back(line.box.y + line.box.height / 4, line.box.y + line.box.height * 3 / 4);
      }
    }
    std::sort(spans.begin(), spans.end());
    int bottom = spans.empty() ? 0 : spans[0].second;
    for (const auto &[top, end] : spans) {
      if (top > bottom) {
        cuts.push_back((top + bottom) / 2);
      }
      bottom = std::max(bottom, end);
    }
  }
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

// The header whose filled background hides its lines: texts right above the grid that stand in its columns.
void add_header_above(const std::vector<int> &xs, std::vector<int> &ys, const Lines &lines) {
  const int height = ys[1] - ys[0];
  std::vector<bool> filled(xs.size() - 1, false);
  int top = ys[0];
  for (const auto &line : lines) {
    const int middle = middle_y(line.box);
    const std::size_t column = between(xs, middle_x(line.box));
    if (middle < ys[0] && middle > ys[0] - height && column < xs.size() && line.box.height < 2 * height) {
      filled[column] = true;
      top = std::min(top, line.box.y);
    }
  }
  if (static_cast<std::size_t>(std::count(filled.begin(), filled.end(), true)) * 2 >= filled.size()) {
    ys.insert(ys.begin(), std::max(0, std::min(top, ys[0] - 1)));
  }
}

std::string only_text(const std::vector<std::size_t> &cell, const Lines &lines) {
  std::string text;
  for (const std::size_t line : cell) {
    text += (text.empty() ? "" : " ") + lines[line].text;
  }
  return text;
}

// A spreadsheet's own frame: column letters on top, row numbers at the left.
bool is_letters_row(const std::vector<std::vector<std::size_t>> &row, const Lines &lines) {
  std::size_t letters = 0;
  std::size_t filled = 0;
  for (const auto &cell : row) {
    const std::string text = only_text(cell, lines);
    filled += text.empty() ? 0U : 1U;
    letters += text.size() == 1 && text[0] >= 'A' && text[0] <= 'Z' ? 1U : 0U;
  }
  return letters >= 2 && letters * 4 >= filled * 3;
}

bool is_numbers_column(const Sorted &sorted, std::size_t column, const Lines &lines) {
  double previous = 0;
  std::size_t following = 0;
  std::size_t filled = 0;
  for (const auto &row : sorted.cells) {
    const auto number = os::shown_number(only_text(row[column], lines));
    filled += row[column].empty() ? 0U : 1U;
    if (number) {
      following += *number == previous + 1 ? 1U : 0U;
      previous = *number;
    }
  }
  return following >= 3 && following * 3 >= filled * 2;
}

void drop_spreadsheet_frame(Sorted &sorted, const Lines &lines) {
  const auto letters = std::find_if(sorted.cells.begin(), sorted.cells.end(),
                                    [&lines](const auto &row) { return is_letters_row(row, lines); });
  if (letters == sorted.cells.end()) {
    return; // a table may well begin with a column 1, 2, 3; only a spreadsheet has letters as well
  }
  const auto row = letters - sorted.cells.begin();
  sorted.cells.erase(sorted.cells.begin(), letters + 1);
  sorted.ys.erase(sorted.ys.begin(), sorted.ys.begin() + row + 1);
  if (!sorted.cells.empty() && is_numbers_column(sorted, 0, lines)) {
    for (auto &cells : sorted.cells) {
      cells.erase(cells.begin());
    }
    sorted.xs.erase(sorted.xs.begin());
  }
}

// The reader takes a cell's border for a letter: "14]", "2019-1-1|".
std::string without_border(std::string text) {
  while (!text.empty() &&
         (text.back() == '|' || text.back() == ' ' || (text.back() == ']' && text.find('[') == std::string::npos))) {
    text.pop_back();
  }
  return text;
}

PictureTable table_of(const Sorted &sorted, std::size_t top, std::size_t bottom, std::size_t left, std::size_t right,
                      const Lines &lines) {
  PictureTable table;
  table.box = {sorted.xs[left], sorted.ys[top], sorted.xs[right] - sorted.xs[left], sorted.ys[bottom] - sorted.ys[top]};
  for (std::size_t row = top; row < bottom; ++row) {
    std::vector<os::Cell> cells;
    for (std::size_t column = left; column < right; ++column) {
      const auto &found = sorted.cells[row][column];
      table.lines.insert(table.lines.end(), found.begin(), found.end());
      os::Cell cell{without_border(only_text(found, lines)), 0, false};
      const auto number = os::shown_number(cell.text);
      cell.is_number = number.has_value();
      cell.number = number.value_or(0);
      cells.push_back(std::move(cell));
    }
    table.cells.push_back(std::move(cells));
  }
  return table;
}

// Data: two rows out of three mostly filled, about one text a cell, no column letters. A toolbar's groups hold many
// texts and leave others blank.
bool worth(const PictureTable &table) {
  if (table.cells.size() < 2 || table.cells[0].size() < 2) {
    return false;
  }
  std::size_t filled = 0;
  std::size_t full_rows = 0;
  for (const auto &row : table.cells) {
    std::size_t here = 0;
    std::size_t letters = 0;
    for (const os::Cell &cell : row) {
      here += cell.text.empty() ? 0U : 1U;
      letters += cell.text.size() == 1 && cell.text[0] >= 'A' && cell.text[0] <= 'Z' ? 1U : 0U;
    }
    if (letters >= 3 && letters * 4 >= here * 3) {
      return false;
    }
    filled += here;
    full_rows += here * 2 > row.size() ? 1U : 0U;
  }
  return filled >= 4 && full_rows * 3 >= table.cells.size() * 2 && table.lines.size() * 2 <= filled * 3;
}

// Runs of [begin, end) of indices for which `blank` is false.
template <class Blank> std::vector<std::pair<std::size_t, std::size_t>> filled_runs(std::size_t count, Blank blank) {
  std::vector<std::pair<std::size_t, std::size_t>> runs;
  for (std::size_t i = 0; i < count; ++i) {
    if (blank(i)) {
      continue;
    }
    if (!runs.empty() && runs.back().second == i) {
      runs.back().second = i + 1;
    } else {
      runs.emplace_back(i, i + 1);
    }
  }
  return runs;
}

// A selected or filled row breaks a grid in two: parts that stand on one another with the same columns are one.
std::vector<Grid> joined(std::vector<Grid> grids) {
  std::sort(grids.begin(), grids.end(), [](const Grid &a, const Grid &b) { return a.ys[0] < b.ys[0]; });
  std::vector<Grid> kept;
  for (Grid &grid : grids) {
    const auto below = std::find_if(kept.begin(), kept.end(), [&grid](const Grid &upper) {
      const int height = upper.ys.back() - upper.ys[upper.ys.size() - 2];
      const int gap = grid.ys[0] - upper.ys.back();
      const auto shared = std::count_if(grid.xs.begin(), grid.xs.end(), [&upper](int x) {
        return std::any_of(upper.xs.begin(), upper.xs.end(), [x](int other) { return std::abs(x - other) <= 4; });
      });
      return gap >= 0 && gap < 2 * height &&
             static_cast<std::size_t>(shared) * 4 >= std::max(grid.xs.size(), upper.xs.size()) * 3;
    });
    if (below == kept.end()) {
      kept.push_back(std::move(grid));
    } else {
      below->ys.insert(below->ys.end(), grid.ys.begin() + (grid.ys[0] - below->ys.back() < 5 ? 1 : 0), grid.ys.end());
      if (grid.xs.size() > below->xs.size()) {
        below->xs = std::move(grid.xs);
      }
    }
  }
  return kept;
}

long long area(const Box &box) { return static_cast<long long>(box.width) * box.height; }

} // namespace

std::vector<PictureTable> tables_from_grid(std::vector<int> xs, std::vector<int> ys, const Lines &lines) {
  add_header_above(xs, ys, lines);
  ys = with_hidden_rows(xs, std::move(ys), lines);
  Sorted sorted = sort_into(std::move(xs), std::move(ys), lines, std::vector<bool>(lines.size(), false));
  drop_spreadsheet_frame(sorted, lines);
  std::vector<PictureTable> tables;
  if (sorted.cells.empty() || sorted.xs.size() < 3) {
    return tables;
  }
  // Blank columns part two tables on one sheet, and within these blank rows.
  for (const auto &[left, right] :
       filled_runs(sorted.columns(), [&](std::size_t column) { return sorted.column_blank(column); })) {
    const auto row_blank = [&sorted, from = left, to = right](std::size_t row) {
      return std::all_of(sorted.cells[row].begin() + static_cast<std::ptrdiff_t>(from),
                         sorted.cells[row].begin() + static_cast<std::ptrdiff_t>(to),
                         [](const auto &cell) { return cell.empty(); });
    };
    for (const auto &[top, bottom] : filled_runs(sorted.rows(), row_blank)) {
      PictureTable table = table_of(sorted, top, bottom, left, right, lines);
      if (worth(table)) {
        tables.push_back(std::move(table));
      }
    }
  }
  return tables;
}

std::vector<PictureTable> find_tables(const Picture &picture, const Lines &lines) {
  std::vector<PictureTable> tables;
  std::vector<bool> taken(lines.size(), false);
  for (Grid &grid : joined(grids_of(find_rulings(picture)))) {
    for (PictureTable &table : tables_from_grid(std::move(grid.xs), std::move(grid.ys), lines)) {
      const bool free = std::none_of(table.lines.begin(), table.lines.end(), [&](std::size_t i) { return taken[i]; });
      if (free) {
        for (const std::size_t line : table.lines) {
          taken[line] = true;
        }
        tables.push_back(std::move(table));
      }
    }
  }
  for (PictureTable &table : tables_from_alignment(lines, taken)) {
    tables.push_back(std::move(table));
  }
  std::stable_sort(tables.begin(), tables.end(),
                   [](const PictureTable &a, const PictureTable &b) { return area(a.box) > area(b.box); });
  return tables;
}

// Consecutive text rows whose pieces leave the same gaps free are the rows of a table without lines.
std::vector<PictureTable> tables_from_alignment(const Lines &lines, const std::vector<bool> &taken) {
  struct Row {
    int top;
    int bottom;
    std::vector<std::size_t> pieces;
  };
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!taken[i]) {
      order.push_back(i);
    }
  }
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return middle_y(lines[a].box) < middle_y(lines[b].box); });
  std::vector<Row> rows;
  for (const std::size_t i : order) {
    const Box &box = lines[i].box;
    if (!rows.empty() && middle_y(box) < (rows.back().top + rows.back().bottom) / 2 + box.height / 3) {
      rows.back().pieces.push_back(i);
      rows.back().bottom = std::max(rows.back().bottom, box.y + box.height);
    } else {
      rows.push_back({box.y, box.y + box.height, {i}});
    }
  }
  // The free columns of a block of rows: gaps in the union of its texts' spans.
  const auto cuts_of = [&](std::size_t begin, std::size_t end) {
    std::vector<std::pair<int, int>> spans;
    int height = 0;
    for (std::size_t r = begin; r < end; ++r) {
      height = std::max(height, rows[r].bottom - rows[r].top);
      for (const std::size_t i : rows[r].pieces) {
        spans.emplace_back(lines[i].box.x, lines[i].box.x + lines[i].box.width);
      }
    }
    std::sort(spans.begin(), spans.end());
    std::vector<int> cuts{spans[0].first};
    int right = spans[0].second;
    for (const auto &[from, to] : spans) {
      if (from - right > std::max(height / 2, 6)) {
        cuts.push_back((from + right) / 2);
      }
      right = std::max(right, to);
    }
    cuts.push_back(right);
    return cuts;
  };
  std::vector<PictureTable> tables;
  for (std::size_t begin = 0; begin < rows.size();) {
    std::size_t end = begin;
    std::vector<int> xs;
    for (; end < rows.size() && rows[end].pieces.size() >= 2; ++end) {
      const int height = rows[end].bottom - rows[end].top;
      if (end > begin && rows[end].top - rows[end - 1].bottom > 3 * height) {
        break;
      }
      const std::vector<int> wider = cuts_of(begin, end + 1);
      if (wider.size() < 4 || (!xs.empty() && wider.size() + 1 < xs.size())) {
        break; // fewer than three columns, or a row that runs across them
      }
      xs = wider;
    }
    if (end - begin >= 3) {
      std::vector<int> ys{rows[begin].top};
      for (std::size_t r = begin + 1; r < end; ++r) {
        ys.push_back((rows[r - 1].bottom + rows[r].top) / 2);
      }
      ys.push_back(rows[end - 1].bottom + 1);
      const Sorted sorted = sort_into(xs, ys, lines, taken);
      PictureTable table = table_of(sorted, 0, sorted.rows(), 0, sorted.columns(), lines);
      if (worth(table) && table.lines.size() * 10 >= sorted.rows() * sorted.columns() * 6) {
        tables.push_back(std::move(table));
      }
    }
    begin = std::max(end, begin + 1);
  }
  return tables;
}

} // namespace yanxing::screen
