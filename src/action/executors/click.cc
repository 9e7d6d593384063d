// Pressing an element: the accessibility action first, the pointer where there is none.
#include "action/executor.h"

#include <algorithm>

namespace yanxing::action {
namespace {

class Click final : public Executor {
public:
  [[nodiscard]] std::string_view name() const override { return "builtin:click"; }

  Outcome execute(const ActionSpec & /*spec*/, const Action &action, Hands &hands) override {
    const auto id = string_or_empty(action.arguments, "target");
    const auto *element = hands.screen->find(id);
    if (element == nullptr) {
      return failed(hands, id + " is not on the screen", "屏幕上没有找到它。", "I can't find that on the screen.");
    }
    if (std::find(element->states.begin(), element->states.end(), "disabled") != element->states.end()) {
      return failed(hands, id + " is disabled", "它现在不能点。", "It can't be clicked now.");
    }
    if (hands.accessibility != nullptr && hands.widgets != nullptr) {
      if (const auto widget = hands.widgets->find(id);
          widget != hands.widgets->end() && hands.accessibility->press(widget->second)) {
        return {OutcomeStatus::kDone, "pressed " + id + " \"" + element->name + "\"", "", nullptr};
      }
    }
    if (hands.input == nullptr) {
      return failed(hands, "there is no desktop to click on", "这里没有桌面可以点击。",
                    "There is no desktop to click on.");
    }
    if (element->box.empty()) {
      return failed(hands, id + " has no place on the screen", "它不在屏幕上。", "It has no place on the screen.");
    }
    // A box from a picture or from the bus is only believed inside the screen.
    const int x = element->box.x + element->box.width / 2;
    const int y = element->box.y + element->box.height / 2;
    if (x < 0 || y < 0 || x >= hands.screen->width || y >= hands.screen->height) {
      return failed(hands, id + " lies outside the screen", "它不在屏幕上。", "It is not on the screen.");
    }
    if (auto clicked = hands.input->click(x, y, os::Input::Button::kLeft, 1); !clicked) {
      return failed(hands, clicked.error().message(), "没有点到。", "The click did not work.");
    }
    return {OutcomeStatus::kDone, "clicked " + id + " at " + std::to_string(x) + "," + std::to_string(y), "", nullptr};
  }
};

} // namespace

std::unique_ptr<Executor> make_click_executor() { return std::make_unique<Click>(); }

} // namespace yanxing::action
