// The actions that are known: a folder of action files, one file, or an inline OpenAI tools array.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "base/shapes.h"

#include <filesystem>
#include <string_view>
#include <vector>

namespace yanxing::action {

class Registry {
public:
  // A folder (every *.json in name order), or a file holding one action or a tools array. The error for a
  // malformed file names the file, the line or key, and what was expected.
  static Result<Registry> load(const std::filesystem::path &path);
  // A tools array (OpenAI's nested or flat form, also BFCL's "dict"/"float" spellings), or one action object.
  // An action's own risk, say, undo, run may stand beside "function".
  static Result<Registry> from_json(const Json &tools, std::string_view where);

  [[nodiscard]] const std::vector<ActionSpec> &actions() const { return actions_; }
  [[nodiscard]] const ActionSpec *find(std::string_view name) const;

private:
  std::vector<ActionSpec> actions_;
};

// vCard 2.1 to 4.0 (FN, N, NICKNAME, TITLE, EMAIL, TEL; folded lines, quoted-printable); a contact without a name is
// skipped.
Result<std::vector<Contact>> read_contacts(const std::filesystem::path &vcf);

} // namespace yanxing::action
