// Straight lines of one or two pixels in a picture: the grid of a spreadsheet, the borders of a table.
#pragma once

#include "base/picture.h"

#include <vector>

namespace yanxing::screen {

// A horizontal segment lies at y = at from x = from to x = to (inclusive); a vertical one the other way round.
struct Ruling {
  int at = 0;
  int from = 0;
  int to = 0;
};

struct Rulings {
  std::vector<Ruling> horizontal;
  std::vector<Ruling> vertical;
};

Rulings find_rulings(const Picture &picture);

// The coordinates at which a grid is cut: ascending, cells lie between neighbours.
struct Grid {
  std::vector<int> xs;
  std::vector<int> ys;
};

// Groups of segments that cross one another; each with at least two rows and two columns.
std::vector<Grid> grids_of(const Rulings &rulings);

} // namespace yanxing::screen
