// An application that is open comes to the front; one that is installed gets a window; a page is remembered.
#include "action/template.h"
#include "sim/effect.h"
#include "text/evidence.h"

#include <algorithm>

namespace yanxing::sim {
namespace {

Outcome perform_it(const Act &act) {
  const auto what = action::argument_text(act.action.arguments.value("what", Json("")));
  if (what.empty() || what.starts_with("-")) {
    return failed("there is nothing to open");
  }
  const auto wanted = text::fold(what);
  auto &windows = act.desktop.windows;
  const auto open = std::find_if(windows.rbegin(), windows.rend(),
                                 [&](const Window &window) { return text::fold(window.app) == wanted; });
  if (open != windows.rend()) {
    std::rotate(open.base() - 1, open.base(), windows.end());
    return done("brought " + what + " to the front");
  }
  const auto &apps = act.desktop.apps;
  const auto app = std::find_if(apps.begin(), apps.end(), [&](const auto &name) { return text::fold(name) == wanted; });
  if (app != apps.end()) {
    Window window;
    window.app = window.title = *app;
    window.box = {0, 0, act.desktop.width, act.desktop.height};
    windows.push_back(std::move(window));
    return done("started " + *app);
  }
  if (what.find('.') != std::string::npos && what.find(' ') == std::string::npos) {
    act.desktop.pages.push_back(what);
    return done("opened " + what);
  }
  return failed("there is no application, file or page called \"" + what + "\"");
}

} // namespace

Effect make_open_effect() { return {"builtin:open", perform_it, nullptr}; }

} // namespace yanxing::sim
