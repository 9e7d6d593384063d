// Text goes to the element that is named, else to what has the focus.
#include "action/template.h"
#include "sim/effect.h"

namespace yanxing::sim {
namespace {

Outcome perform_it(const Act &act) {
  const auto text = action::argument_text(act.action.arguments.value("text", Json("")));
  auto *window = act.desktop.front();
  if (text.empty() || window == nullptr) {
    return failed("there is nothing to type, or no window to type into");
  }
  const auto id = string_or_empty(act.action.arguments, "target");
  auto *item = id.empty() ? (window->focus >= 0 ? &window->items[static_cast<std::size_t>(window->focus)] : nullptr)
                          : act.item(id);
  if (item == nullptr) {
    return failed(id.empty() ? "nothing has the focus" : "the field is not on the screen any more");
  }
  const auto index = static_cast<std::size_t>(item - window->items.data());
  Json undo{{"window", window->title}, {"item", index}, {"text", item->text}, {"focus", window->focus}};
  window->focus = static_cast<int>(index);
  item->text += text;
  return done("typed into " + item->name, std::move(undo));
}

bool undo_it(Desktop &desktop, const Json &data) {
  auto *window = desktop.front();
  const auto index = data["item"].get<std::size_t>();
  if (window == nullptr || window->title != data["window"] || index >= window->items.size()) {
    return false;
  }
  window->items[index].text = data["text"].get<std::string>();
  window->focus = data["focus"].get<int>();
  return true;
}

} // namespace

Effect make_type_text_effect() { return {"builtin:type_text", perform_it, undo_it}; }

} // namespace yanxing::sim
