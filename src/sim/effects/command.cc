// Programs are not run here: that one would have been started is what changes.
#include "action/template.h"
#include "sim/effect.h"

namespace yanxing::sim {
namespace {

Outcome perform_it(const Act &act) {
  std::string line;
  for (const auto &word : act.spec.run["command"]) {
    line += (line.empty() ? "" : " ") +
            action::fill_template(word.is_string() ? word.get<std::string>() : dump(word), act.action.arguments);
  }
  act.desktop.messages.push_back(line);
  return done("would run " + line);
}

} // namespace

Effect make_command_effect() { return {"command", perform_it, nullptr}; }

} // namespace yanxing::sim
