#include "sim/effect.h"

namespace yanxing::sim {
namespace {

Outcome perform_it(const Act &act) {
  ++act.desktop.screenshots;
  return done("took a screenshot", Json::object());
}

bool undo_it(Desktop &desktop, const Json & /*data*/) { return desktop.screenshots-- > 0; }

} // namespace

Effect make_take_screenshot_effect() { return {"builtin:take_screenshot", perform_it, undo_it}; }

} // namespace yanxing::sim
