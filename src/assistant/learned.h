// Adapters that were learned on this machine from the user's own turns: state_folder()/learned/WEIGHTS/, one file each
// and `learned.json`, which says which one is in use. The light tier takes it instead of the adapter that comes with
// yanxing.
#pragma once

#include "base/json.h"
#include "base/result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace yanxing::assistant {

class Learned {
public:
  // `weights`: the model's file. Nothing is made. Error: learned.json is not readable.
  static Result<Learned> of(const std::filesystem::path &weights);

  // Empty: none is in use.
  [[nodiscard]] std::filesystem::path in_use() const;
  // {"number", "at", …what was said of it}, oldest first, with "in_use" on one of them or on none.
  [[nodiscard]] Json list() const;

  // Copies the adapter here and puts it into use; of those before it the last few are kept. `record`: what is known of
  // it (scores before and after). Error: a full disk; the one in use stays then.
  Status take(const std::filesystem::path &adapter, const Json &record);
  // Puts the one before the one in use back, at last the one that comes with yanxing; absent: none is in use. The
  // number that is in use then, 0 for yanxing's own.
  Result<std::int64_t> roll_back();

private:
  Learned(std::filesystem::path folder, Json state) : folder_(std::move(folder)), state_(std::move(state)) {}
  [[nodiscard]] std::filesystem::path file_of(std::int64_t number) const;
  Status save() const;

  std::filesystem::path folder_;
  Json state_; // {"in_use": 3, "adapters": [{"number": 1, …}, …]}
};

// What the light tier runs this model with: learned here, else what comes with yanxing; empty: neither is there.
std::filesystem::path adapter_for(const std::string &model, const std::filesystem::path &weights);

} // namespace yanxing::assistant
