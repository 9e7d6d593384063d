// A reward function of the user's, in any language: a process that lives for the whole run and speaks JSON lines.
// In, one line a batch: {"completions":["…",…], "<column>":[…],…}: every other column of the data set beside the
// completions, each a list as long (null where a row lacks it), as ms-swift passes them to its plugins.
// Out, one line: [0.5,null,…] or {"rewards":[…]}: one number a completion, null where it says nothing about one; or
// {"error":"what is wrong"}. Whatever it prints to stderr is shown where it fails.
#pragma once

#include "eval/reward.h"

#include <memory>
#include <string>

namespace yanxing::eval {

// {"name":"mine","command":["python3","mine.py"],"timeout_s":60,"weight":1}: started here, by argument list, without a
// shell. Errors: a wrong form, a program that cannot be started.
Result<std::unique_ptr<RewardFunction>> plugin_from_json(const Json &json, const std::string &where);

} // namespace yanxing::eval
