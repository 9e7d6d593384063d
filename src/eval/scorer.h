// The one scorer: evaluation reports it and reinforcement learning is rewarded by it.
#pragma once

#include "action/registry.h"
#include "base/json.h"
#include "base/shapes.h"

#include <optional>
#include <string_view>
#include <vector>

namespace yanxing::eval {

// What a turn is worth. Acting wrongly costs more than asking or doing nothing.
struct RewardTable {
  double success = 1;   // the right deed, or none where none was wanted
  double wrong = -5;    // anything else was done, or what was said is no action
  double ask = -0.1;    // a question back
  double abstain = 0;   // nothing was done though something was wanted
  double declined = -5; // it asked for a yes to something else, and got a no (only where somebody answers: sim)

  template <class Visitor> void for_each_field(Visitor &&visit) {
    visit("success", success);
    visit("wrong_action", wrong);
    visit("ask", ask);
    visit("abstain", abstain);
    visit("declined", declined);
  }
};

// What should happen.
struct Gold {
  std::vector<Action> actions; // arguments may hold alternatives (values.h)
  bool any_order = false;      // {"actions":[…],"order":"any"}
  std::optional<Box> box;      // where the element meant is: judged by place, not by id (needs the registry)
};
// From a row's "action" (DESIGN section 2's forms, and "order" beside "actions"). The box stands in the row.
Result<Gold> gold_from_json(const Json &action, std::string_view where);

// What did happen.
struct Prediction {
  std::vector<Action> actions; // empty or [none]: nothing is done
  bool asked = false;          // a question came back instead of the deed
  std::optional<Box> target_box;
};
// From one line of a predictions file ({id, action, target_box, …}).
Result<Prediction> prediction_from_json(const Json &line, std::string_view where);

// From what a model wrote: one call a line (text::answer_text), or one JSON value of any form above. An Error where it
// is anything else; nothing may stand around it.
Result<Prediction> prediction_from_text(std::string_view text);

// [x,y,width,height]; nothing where it is null.
Result<std::optional<Box>> box_from_json(const Json &json, std::string_view where);

// Against what names and values are read; either may be null.
struct Ground {
  const action::Registry *registry = nullptr;
  const std::vector<Contact> *contacts = nullptr; // two names of one person are the same recipient
};

struct Score {
  bool exact = false;   // all actions with all arguments, in order
  bool name_ok = false; // all actions' names
  std::size_t arguments_expected = 0;
  std::size_t arguments_given = 0;
  std::size_t arguments_right = 0;
  bool should_abstain = false;
  bool abstained = false;
  bool asked = false;
  double reward = 0;

  // 1 where there is nothing to find, respectively nothing was given.
  [[nodiscard]] double precision() const;
  [[nodiscard]] double recall() const;
  [[nodiscard]] double f1() const;
};

Score score(const Gold &gold, const Prediction &prediction, const Ground &ground = {}, const RewardTable &rewards = {});

} // namespace yanxing::eval
