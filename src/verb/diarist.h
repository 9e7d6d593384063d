// Writes turns into the diary as they happen, where the user allowed it, and sees in a turn that the one before it was
// wrong: "不对，我说的是那个表格" gives what would have been right, "撤销" that it was not wanted.
#pragma once

#include "action/registry.h"
#include "assistant/turn.h"
#include "diary/diary.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::verb {

class Diarist {
public:
  // Registry and contacts outlive it.
  static Result<std::unique_ptr<Diarist>> open(const std::filesystem::path &file, const action::Registry &registry,
                                               const std::vector<Contact> &contacts);
  // Says on the log what cannot be written; the turn has been taken either way.
  void note(const assistant::TurnReport &report);

private:
  Diarist(std::unique_ptr<diary::Diary> diary, const action::Registry &registry, const std::vector<Contact> &contacts);
  Status write(const assistant::TurnReport &report);

  std::unique_ptr<diary::Diary> diary_;
  Json actions_;
  Json contacts_;
  std::int64_t last_ = 0; // the turn before, where something was decided in it
  std::string last_words_;
  std::optional<Action> last_action_; // where it was a single one
};

} // namespace yanxing::verb
