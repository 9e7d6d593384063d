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
  static Result<std::unique_ptr<Diarist>> open(const std::filesystem::path &file, const std::vector<Contact> &contacts);
  // `registry`: what could be done in the turn. `proposed`: what had been decided, where the user put the report's
  // decision in its place. Says on the log what cannot be written; the turn has been taken either way.
  void note(const assistant::TurnReport &report, const action::Registry &registry,
            const std::optional<Decision> &proposed = std::nullopt);
  // The turn before has been taken back.
  void undone();

private:
  Diarist(std::unique_ptr<diary::Diary> diary, const std::vector<Contact> &contacts);
  Status write(const assistant::TurnReport &report, const action::Registry &registry,
               const std::optional<Decision> &proposed);

  std::unique_ptr<diary::Diary> diary_;
  Json contacts_;
  std::int64_t last_ = 0; // the turn before, where something was decided in it
  std::string last_words_;
  std::optional<Action> last_action_; // where it was a single one
};

} // namespace yanxing::verb
