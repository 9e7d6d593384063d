// Speaking ahead what will be said often, in idle time, so that it is kept on disk when it is needed: the fixed
// beginnings of reply templates, whole replies where the values are few, and what leads a question in.
#pragma once

#include "base/result.h"
#include "base/shapes.h"
#include "speech/synthesizer.h"

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace yanxing::assistant {

// Said before a question, so that sound begins while the question itself is still being made.
std::string lead_in(Language language);

// What these actions are known to say, most general first, each once.
std::vector<std::string> sayings_of(const std::vector<ActionSpec> &actions, const std::vector<Contact> &contacts);

class Rehearsal {
public:
  using Opener = std::function<Result<std::unique_ptr<speech::Synthesizer>>()>;
  // `open` makes a synthesizer of its own that keeps what it speaks; one thread, given the processor only when nobody
  // else wants it. `busy`: a turn is under way, wait. Ends by itself, or with this object after the clause at hand.
  Rehearsal(Opener open, std::vector<std::string> sayings, std::function<bool()> busy);

private:
  std::jthread worker_;
};

} // namespace yanxing::assistant
