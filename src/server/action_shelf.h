// The actions as the page shows and edits them: those that the server was started with, and changes that are files of
// the user's own. Thread-safe; a change holds from the next turn on.
#pragma once

#include "action/registry.h"
#include "base/json.h"

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

namespace yanxing::server {

class ActionShelf {
public:
  // `base`: loaded from files. `own`: the folder that changes are written to; empty: nothing can be changed.
  ActionShelf(action::Registry base, std::filesystem::path own) : base_(std::move(base)), own_(std::move(own)) {}

  [[nodiscard]] std::shared_ptr<const action::Registry> registry();
  // [{name, description, risk, parameters, run, own, file, json}]
  Json list();
  // One action as its file has it. Errors: it is none, with what is wrong.
  Status save(const Json &action);
  // Takes the user's own file away; an action that came with the server is then as it was.
  Status remove(const std::string &name);

private:
  void read(); // what follows, anew after a change
  Result<action::Registry> read_own() const;
  [[nodiscard]] std::filesystem::path file_of(const std::string &name) const { return own_ / (name + ".json"); }

  action::Registry base_;
  std::filesystem::path own_;
  std::mutex mutex_;
  std::shared_ptr<const action::Registry> now_;
  action::Registry own_now_;
};

} // namespace yanxing::server
