// Doing. Each way to act ("builtin" name, "command", "http", "mqtt") is one file in action/executors/.
#pragma once

#include "base/config.h"
#include "base/picture.h"
#include "base/result.h"
#include "base/shapes.h"
#include "os/desktop.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace yanxing::action {

// What an executor may use in one turn. Null pointers: the machine lacks it (say so in the outcome).
struct Hands {
  os::Display *display = nullptr;
  os::Input *input = nullptr;
  os::Accessibility *accessibility = nullptr;
  const Screen *screen = nullptr;
  const Picture *picture = nullptr;                              // of this turn's screen; may be empty
  const std::map<std::string, std::uint64_t> *widgets = nullptr; // element id → live widget
  const std::map<std::string, os::CellGrid> *grids = nullptr;    // element id → a table's cells read from the picture
  const std::vector<Contact> *contacts = nullptr;
  const Settings *settings = nullptr;
  std::filesystem::path state; // folder for outbox, timers, undo journal, screenshots
  Language language = Language::kEnglish;
};

enum class OutcomeStatus { kDone, kQueued, kFailed, kRefused, kAsked, kDryRun };
std::string_view status_name(OutcomeStatus status); // done, queued, failed, refused, asked, dry_run

struct Outcome {
  OutcomeStatus status = OutcomeStatus::kFailed;
  std::string detail; // one line: what happened, for the log and for JSON
  std::string reply;  // overrides the action file's `say`, e.g. the reason of a failure; may be empty
  Json undo;          // null, or {"builtin":…, …}: data with which undo() takes it back
};

class Executor {
public:
  virtual ~Executor() = default;
  [[nodiscard]] virtual std::string_view name() const = 0; // "builtin:share", "command", "http", "mqtt"
  virtual Outcome execute(const ActionSpec &spec, const Action &action, Hands &hands) = 0;
  virtual Outcome undo(const Json &data, Hands &hands); // default: failed, "cannot be undone"
};

// A failure with a reply in the user's language.
Outcome failed(const Hands &hands, const std::string &detail, const std::string &zh, const std::string &en);

// Each file NAME.cc in executors/ defines std::unique_ptr<Executor> make_NAME_executor(); CMake makes the table.
std::vector<std::unique_ptr<Executor>> make_all_executors();

// Runs actions, keeps the undo journal (state/undo.jsonl, survives a restart).
class Operator {
public:
  Operator();
  ~Operator();
  Outcome perform(const ActionSpec &spec, const Action &action, Hands &hands);
  Outcome undo_last(Hands &hands);

private:
  std::vector<std::unique_ptr<Executor>> executors_;
};

// The spoken reply for an outcome: the file's `say` template with {parameter} filled in, or outcome.reply.
std::string reply_for(const ActionSpec &spec, const Action &action, const Outcome &outcome, const Hands &hands);

} // namespace yanxing::action
