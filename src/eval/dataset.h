// An eval set: JSON lines, one row a turn (DESIGN section 3). Rows are read one by one, so that a set may be of any
// size.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "base/shapes.h"
#include "eval/scorer.h"
#include "text/prompt.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::eval {

struct Row {
  std::string id;                               // "row <line>" where the row names none
  std::optional<Language> language;             // empty: told from the words
  std::string transcript;                       // what was said; else
  std::filesystem::path audio;                  // the recording of it
  Json screen;                                  // null, or a screen object that screen_from_json() has accepted
  std::filesystem::path screenshot;             // a picture of the screen
  Json actions;                                 // null (the program's own), a tools array or object, or a path as text
  std::optional<std::vector<Contact>> contacts; // absent: the user's own
  std::vector<text::PastTurn> history;          // earlier turns, oldest first
  std::optional<Gold> gold;
  std::optional<std::string> gold_text;
  Json raw; // the row as written
};

// File names in a row are relative to the set's file and come out absolute or relative to the working folder.
class DatasetReader {
public:
  static Result<DatasetReader> open(const std::filesystem::path &jsonl);
  // The next row; an Error says "file:line: what was expected" and reading can go on; nothing at the end.
  std::optional<Result<Row>> next();
  // The line that next() read last, from 1.
  [[nodiscard]] std::size_t line() const { return line_; }

private:
  enum class Line { kRead, kTooLong, kEnd };
  DatasetReader(std::ifstream stream, std::filesystem::path file);
  Line read_line(std::string &text);

  std::ifstream stream_;
  std::filesystem::path file_;
  std::size_t line_ = 0;
};

// One row; `folder` is where relative names start, `where` names the row in errors.
Result<Row> row_from_json(const Json &json, const std::filesystem::path &folder, const std::string &where);

} // namespace yanxing::eval
