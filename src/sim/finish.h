// From what is said to a sample: the transcript as a recogniser or a keyboard gives it, and the action in the form that
// the product's own reading of the words makes (numbers, times, people). What the product could not write from the
// transcript is no sample.
#pragma once

#include "sim/noise.h"
#include "sim/speaker.h"
#include "text/repair.h"

#include <optional>
#include <string>
#include <vector>

namespace yanxing::sim {

struct Finished {
  std::string transcript;
  Json action; // {"action":…} or {"actions":[…]}; null where there are no calls
};

class Finisher {
public:
  // `repairer` may be null.
  Finisher(const World &world, const Noise &noise, const text::Repairer *repairer, Random &random);
  std::optional<Finished> finish(const Utterance &utterance, bool heard_wrong);

private:
  enum class Writing { kRecognised, kTyped, kSpelledOut }; // numbers as digits, as said, in words
  struct Style {
    Writing writing = Writing::kRecognised;
    bool lower = false;
  };
  Style draw_style();
  std::string written(const std::string &text, const Style &style) const;
  std::string dressed(std::string text, const Style &style);
  [[nodiscard]] std::optional<Json> copied(const Json &gold, const std::string &heard, const Style &style) const;
  std::optional<Json> action_of(const Call &call, const std::string &request, const Style &style) const;
  [[nodiscard]] bool writable(const Call &call, const Json &action, const std::string &request) const;

  const World &world_;
  const Noise &noise_;
  const text::Repairer *repairer_;
  Random &random_;
  std::vector<text::KnownWord> known_;
};

} // namespace yanxing::sim
