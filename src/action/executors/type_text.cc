#include "action/executor.h"
#include "action/template.h"

namespace yanxing::action {
namespace {

class TypeText final : public Executor {
public:
  [[nodiscard]] std::string_view name() const override { return "builtin:type_text"; }

  Outcome execute(const ActionSpec & /*spec*/, const Action &action, Hands &hands) override {
    if (hands.input == nullptr) {
      return failed(hands, "there is no desktop to type on", "这里没有桌面可以输入。",
                    "There is no desktop to type on.");
    }
    const auto text = argument_text(action.arguments.value("text", Json(""))); // a line break would press Return
    if (text.empty()) {
      return failed(hands, "there is no text to type", "要输入什么？", "What should I type?");
    }
    if (const auto id = string_or_empty(action.arguments, "target"); !id.empty() && !go_to(id, hands)) {
      return failed(hands, "the field " + id + " could not be reached", "没有找到输入的地方。",
                    "I couldn't get to that field.");
    }
    if (auto typed = hands.input->type(text); !typed) {
      return failed(hands, typed.error().message(), "没有输入成功。", "Typing did not work.");
    }
    return {OutcomeStatus::kDone, "typed " + std::to_string(text.size()) + " bytes", "", Json{{"keys", "ctrl+z"}}};
  }

  // Editors undo what was typed as one step.
  Outcome undo(const Json &data, Hands &hands) override {
    if (hands.input == nullptr || !hands.input->key(string_or_empty(data, "keys"))) {
      return failed(hands, "the keys for undo were not taken", "撤销没有成功。", "Undo did not work.");
    }
    return {OutcomeStatus::kDone, "sent ctrl+z", hands.language == Language::kChinese ? "已撤销。" : "Undone.",
            nullptr};
  }

private:
  // Puts the keyboard's focus there: by the widget, or by a click into its box where it is only seen.
  static bool go_to(const std::string &id, const Hands &hands) {
    if (hands.widgets != nullptr && hands.accessibility != nullptr) {
      if (const auto widget = hands.widgets->find(id);
          widget != hands.widgets->end() && hands.accessibility->focus(widget->second)) {
        return true;
      }
    }
    const auto *element = hands.screen == nullptr ? nullptr : hands.screen->find(id);
    return element != nullptr && !element->box.empty() &&
           hands.input
               ->click(element->box.x + element->box.width / 2, element->box.y + element->box.height / 2,
                       os::Input::Button::kLeft, 1)
               .ok();
  }
};

} // namespace

std::unique_ptr<Executor> make_type_text_executor() { return std::make_unique<TypeText>(); }

} // namespace yanxing::action
