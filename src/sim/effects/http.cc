// Nothing leaves this process: that a request would have been sent is what changes.
#include "action/template.h"
#include "sim/effect.h"

namespace yanxing::sim {
namespace {

Outcome perform_it(const Act &act) {
  const auto &how = act.spec.run["http"];
  const auto url = action::fill_template(string_or_empty(how, "url"), act.action.arguments, action::url_escaped);
  act.desktop.messages.push_back(url + " " + action::fill_body(how.value("body", Json("")), act.action.arguments));
  return done("would send to " + url);
}

} // namespace

Effect make_http_effect() { return {"http", perform_it, nullptr}; }

} // namespace yanxing::sim
