#include "sim/effect.h"

#include <algorithm>

namespace yanxing::sim {
namespace {

Outcome perform_it(const Act &act) {
  const auto level = act.action.arguments.value("level", Json());
  if (!level.is_number()) {
    return failed("there is no level");
  }
  const int old = act.desktop.brightness;
  act.desktop.brightness = static_cast<int>(std::clamp(level.get<double>(), 1.0, 100.0));
  return done("brightness " + std::to_string(act.desktop.brightness) + " %", {{"level", old}});
}

bool undo_it(Desktop &desktop, const Json &data) {
  desktop.brightness = data.value("level", desktop.brightness);
  return true;
}

} // namespace

Effect make_set_brightness_effect() { return {"builtin:set_brightness", perform_it, undo_it}; }

} // namespace yanxing::sim
