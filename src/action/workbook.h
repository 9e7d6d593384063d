// A table's cells as an .xlsx file in memory.
#pragma once

#include "base/result.h"
#include "os/desktop.h"

#include <string>

namespace yanxing::action {

// One sheet called `sheet`; numbers as numbers, the first row bold where it holds only texts.
Result<std::string> workbook_bytes(const os::CellGrid &cells, const std::string &sheet);

} // namespace yanxing::action
