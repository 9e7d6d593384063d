#include "action/workbook.h"

#include "base/files.h"
#include "text/utf8.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>
#include <xlsxwriter.h>

namespace yanxing::action {
namespace {

class TemporaryFile {
public:
  TemporaryFile() : path_((std::filesystem::temp_directory_path() / "yanxing-XXXXXX").string()) {
    if (const int fd = ::mkstemp(path_.data()); fd >= 0) { // created 0600, under a name nobody can foresee
      ::close(fd);
    }
  }
  TemporaryFile(const TemporaryFile &) = delete;
  TemporaryFile &operator=(const TemporaryFile &) = delete;
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  [[nodiscard]] const std::string &path() const { return path_; }

private:
  std::string path_;
};

// What a cell can hold: valid UTF-8, at most 32767 characters.
std::string fitting(const std::string &text) {
  constexpr std::size_t kMostCharacters = 32767;
  const auto characters = text::to_code_points(text);
  return text::to_utf8(std::u32string_view(characters).substr(0, kMostCharacters));
}

} // namespace

Result<std::string> workbook_bytes(const os::CellGrid &cells, const std::string &sheet) {
  const TemporaryFile file; // this version of the library writes to files only
  lxw_workbook *book = workbook_new(file.path().c_str());
  if (book == nullptr) {
    return Error{"not enough memory for the table", ""};
  }
  // Excel forbids these in a sheet's name, and more than 31 characters.
  std::string name;
  std::size_t characters = 0;
  for (const char c : fitting(sheet)) {
    const bool starts = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    if (starts && ++characters > 31) {
      break;
    }
    name += std::string_view("[]:*?/\\'").find(c) == std::string_view::npos && static_cast<unsigned char>(c) >= 0x20
                ? c
                : '_';
  }
  lxw_worksheet *page = workbook_add_worksheet(book, name.empty() ? nullptr : name.c_str());
  if (page == nullptr) {
    page = workbook_add_worksheet(book, nullptr);
  }
  lxw_format *bold = workbook_add_format(book);
  format_set_bold(bold);
  const bool headed =
      cells.size() > 1 && std::none_of(cells[0].begin(), cells[0].end(), [](const os::Cell &c) { return c.is_number; });
  for (std::size_t r = 0; r < cells.size(); ++r) {
    for (std::size_t c = 0; c < cells[r].size(); ++c) {
      const auto &cell = cells[r][c];
      const auto row = static_cast<lxw_row_t>(r);
      const auto column = static_cast<lxw_col_t>(c);
      if (cell.is_number && std::isfinite(cell.number)) {
        worksheet_write_number(page, row, column, cell.number, nullptr);
      } else if (!cell.text.empty()) {
        worksheet_write_string(page, row, column, fitting(cell.text).c_str(), headed && r == 0 ? bold : nullptr);
      }
    }
  }
  const auto code = workbook_close(book);
  if (code != LXW_NO_ERROR) {
    return Error{std::string("the table could not be written: ") + lxw_strerror(code), ""};
  }
  return read_file(file.path());
}

} // namespace yanxing::action
