// Tables in a picture: where ruling lines form a grid around texts, or where texts stand in rows and columns.
#pragma once

#include "base/picture.h"
#include "base/shapes.h"
#include "os/desktop.h"
#include "screen/look.h"

#include <vector>

namespace yanxing::screen {

struct PictureTable {
  Box box;
  os::CellGrid cells;
  std::vector<std::size_t> lines; // indices of the text lines it holds
};

// Largest first.
std::vector<PictureTable> find_tables(const Picture &picture, const std::vector<TextReader::Line> &lines);

// The same from the grids and the texts alone.
std::vector<PictureTable> tables_from_grid(std::vector<int> xs, std::vector<int> ys,
                                           const std::vector<TextReader::Line> &lines);
std::vector<PictureTable> tables_from_alignment(const std::vector<TextReader::Line> &lines,
                                                const std::vector<bool> &taken);

} // namespace yanxing::screen
