// What an element does when it is pressed: boxes are checked, of tabs and radio buttons one is selected, fields and
// documents take the focus, everything else counts how often it was pressed.
#include "sim/effect.h"

namespace yanxing::sim {
namespace {

Outcome perform_it(const Act &act) {
  auto *item = act.item(string_or_empty(act.action.arguments, "target"));
  auto *window = act.desktop.front();
  if (item == nullptr || window == nullptr) {
    return failed("it is not on the screen any more");
  }
  if (item->disabled) {
    return failed("it is disabled");
  }
  if (item->kind == "checkbox") {
    item->checked = !item->checked;
  } else if (item->kind == "tab" || item->kind == "radio") {
    for (auto &other : window->items) {
      other.selected = other.kind == item->kind ? &other == item : other.selected;
    }
  } else if (item->kind == "field" || item->kind == "document" || item->kind == "table" || item->kind == "image") {
    window->focus = static_cast<int>(item - window->items.data());
  } else {
    ++item->presses;
  }
  return done("pressed " + item->name);
}

} // namespace

Effect make_click_effect() { return {"builtin:click", perform_it, nullptr}; }

} // namespace yanxing::sim
