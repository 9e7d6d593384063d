// Reading the cells of an accessible table: how far it is used, and what each cell shows.
#pragma once

#include "os/atspi_bus.h"
#include "os/desktop.h"

#include <cstddef>

namespace yanxing::os {

// Cuts blank rows at the end and blank columns at the right.
void trim(CellGrid &grid);

struct TableSize {
  int rows = 0;
  int columns = 0;
};

struct ScanLimits {
  std::size_t max_cells = 100000;
  int first_rows = 32; // the corner that is read at once
  int first_columns = 16;
  int blank_rows = 20; // so many blank rows end the data
  int blank_columns = 16;
};

// The used cells. A spreadsheet has a million rows, nearly all blank, and nothing on the bus says where its data
// ends: the scan grows while it still meets content and stops after some blank rows and columns.
// `complete` (may be null) is set to false where max_cells or the deadline ended it before that.
CellGrid read_cells(AtspiBus &bus, const ObjectRef &table, TableSize size, const ScanLimits &limits, Deadline deadline,
                    bool *complete = nullptr);

} // namespace yanxing::os
