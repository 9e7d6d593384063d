// The tiers of deciding and the gate between them: the light model answers; where acting on its answer would not pay
// under the reward table, the large one is asked, if asking it is known to pay: its calibration has been measured, or
// somebody named it. Of two measured answers the likelier one is taken. Not thread-safe: one turn at a time.
#pragma once

#include "base/config.h"
#include "base/result.h"
#include "llm/decider.h"
#include "text/calibration.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace yanxing::assistant {

// What a turn is worth (DESIGN section 1). Acting pays where p·success + (1−p)·wrong > ask.
struct Rewards {
  double success = 1;
  double wrong_action = -5;
  double ask = -0.1;

  // The probability above which acting is better than asking back.
  [[nodiscard]] double act_above() const { return (ask - wrong_action) / (success - wrong_action); }
};

struct MindSettings {
  std::string light;             // model name, as 'yanxing models' lists it, or a .gguf file
  std::string large;             // "" : no second tier
  bool large_is_named = false;   // by the user: asked though nobody measured how far it can be believed
  std::filesystem::path adapter; // LoRA GGUF for the light tier; empty: the one that comes with yanxing; "none"
  int threads = 2;
  bool one_registry = false; // the same actions turn after turn: their prefix is worth keeping on disk
  Rewards rewards;
};

class Mind {
public:
  // The large tier is loaded when it is first needed.
  static Result<std::unique_ptr<Mind>> open(const MindSettings &settings);
  ~Mind();

  Status prepare(const text::TurnContext &context, const std::stop_token &stop = {});
  Result<llm::Decided> decide(const text::TurnContext &context, const std::string &utterance);
  [[nodiscard]] const Rewards &rewards() const;

private:
  struct Impl;
  explicit Mind(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What was measured once for this model (assets/calibration.json, by `yanxing eval --calibrate`).
std::optional<text::Calibration> calibration_for(const std::string &model);

} // namespace yanxing::assistant
