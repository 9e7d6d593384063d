// The grammar (GBNF) of an answer that is either a text or a call of a tool, for models that write their calls as plain
// JSON at the beginning of the answer. Where a text begins like a call of an offered tool it must go on as one; any
// other text stays free. So no answer is half a call, and JSON that names another tool is a text.
#pragma once

#include <string>
#include <vector>

namespace yanxing::server {

struct CallOpening {
  std::string tool;
  std::string rest_rule; // takes over behind {"name":"TOOL",
};

// Rules by name, `answer` first. `marker` begins a call in the model's own form, which `native_rule` writes, marker
// included; a text never contains it. Both empty: the model has no form of its own.
std::string text_or_call_grammar(const std::vector<CallOpening> &tools, const std::string &marker,
                                 const std::string &native_rule);

} // namespace yanxing::server
