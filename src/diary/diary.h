// What the user allowed to be kept of their turns: words, screen, what could be done, what was decided and what became
// of it, and what would have been right. One SQLite file with mode 0600; nothing is kept unless it was asked for.
// Deleting is real: what is deleted is overwritten and the file made shorter. Not thread-safe; several processes may
// have the same file open.
#pragma once

#include "base/json.h"
#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::diary {

struct Entry {
  std::int64_t id = 0;    // given by keep()
  std::string at;         // UTC, "2026-11-25T18:00:00Z"; given by keep() where it is empty
  std::string language;   // zh, en
  std::string heard;      // as recognised
  std::string transcript; // after repair
  Json history = Json::array();
  Json screen;   // null: nothing was seen
  Json actions;  // the registry, as a tools array
  Json contacts; // null, or a list
  Json decision; // DESIGN section 2's form
  double confidence = 0;
  std::string tier;
  std::string status;    // of the outcome: done, queued, refused, failed, asked; undone afterwards
  bool agreed = false;   // the user was asked and said yes
  bool declined = false; // … no
  Json correction;       // null, or the action that would have been right
  std::string wav;       // the sound, empty where it was typed or is not kept
};

class Diary {
public:
  // state_folder()/turns.db
  static std::filesystem::path usual_file();
  // Made where it is not there. Errors: no right to write, a file that is something else.
  static Result<std::unique_ptr<Diary>> open(const std::filesystem::path &file);
  ~Diary();

  // Returns the id.
  Result<std::int64_t> keep(const Entry &entry);
  // Sets what would have been right; null takes that back. Error: no such turn.
  Status correct(std::int64_t id, const Json &action);
  Status set_status(std::int64_t id, const std::string &status);
  // The oldest first. `corrected`: only those with a correction. Without sound unless `with_sound`.
  Result<std::vector<Entry>> entries(bool corrected = false, bool with_sound = false);
  Result<std::optional<Entry>> find(std::int64_t id);
  // Error: no such turn, and nothing is deleted.
  Status forget(const std::vector<std::int64_t> &ids);
  Status forget_all();

private:
  struct Impl;
  explicit Diary(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The turn as a sample (DESIGN section 2): with what was right as its action. A corrected one has what was decided
// instead as "rejected_action", one that the user did not want a "label" of false. Absent: nothing can be learned from
// it (it failed, or is still in question).
std::optional<Json> sample_of(const Entry &entry);

} // namespace yanxing::diary
