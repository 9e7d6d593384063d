// Rows of an eval set worked off as turns that do nothing: what `yanxing eval` measures, and what `yanxing learn` asks
// before it changes anything.
#pragma once

#include "eval/dataset.h"
#include "eval/summary.h"
#include "verb/parts.h"

#include <map>
#include <memory>
#include <string>

namespace yanxing::verb {

// Everything is loaded once, when the first row needs it, and serves every row. Not thread-safe.
class Evaluation {
public:
  // `options` outlives it; what a row does not name is taken from there. `repair`: words that were heard wrong are.
  Evaluation(const DecidingOptions &options, bool repair, Settings settings);

  // The prediction line of one row (DESIGN section 3).
  Result<Json> predict(const eval::Row &row, eval::RowResult &result);

private:
  // Registries given by path are kept; inline ones are made for their row.
  Result<const action::Registry *> registry_of(const eval::Row &row);
  Status open_parts(const eval::Row &row, bool only_hearing, assistant::Turn::Parts &parts);
  Result<screen::Sight> sight_of(const eval::Row &row);

  const DecidingOptions &options_;
  bool repair_;
  Settings settings_;
  std::map<std::string, action::Registry> registries_;
  std::unique_ptr<assistant::Mind> mind_;
  std::unique_ptr<speech::Recognizer> recognizer_;
  std::unique_ptr<text::Repairer> repairer_;
  std::unique_ptr<screen::TextReader> reader_;
};

// A row that could not be worked off counts as nothing done and nothing heard.
eval::RowResult failed_row(const Result<eval::Row> &row);

} // namespace yanxing::verb
