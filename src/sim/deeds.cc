// The table of deeds, and those on the screen: sending, pressing, typing, scrolling, opening.
#include "sim/deeds.h"

#include "action/policy.h"

#include <algorithm>
#include <array>

namespace yanxing::sim {
namespace {

std::vector<std::size_t> items_of_kind(const Desktop &desktop, const std::string &kind) {
  std::vector<std::size_t> found;
  const auto *window = desktop.front();
  for (std::size_t i = 0; window != nullptr && i < window->items.size(); ++i) {
    if (window->items[i].kind == kind) {
      found.push_back(i);
    }
  }
  return found;
}

// "budget.xlsx" is called "budget".
std::string spoken_name(const std::string &name) {
  const auto dot = name.rfind('.');
  constexpr std::size_t kLongestEnding = 5;
  return dot != std::string::npos && dot > 0 && name.size() - dot <= kLongestEnding ? name.substr(0, dot) : name;
}

bool names_one(const Desktop &desktop, const std::string &name) {
  const auto &items = desktop.front()->items;
  return std::count_if(items.begin(), items.end(),
                       [&](const Item &item) { return item.name == name || spoken_name(item.name) == name; }) == 1;
}

std::optional<Deed> draw_share(Drafter &drafter) {
  auto parcel = drafter.parcel();
  if (!parcel) {
    return std::nullopt;
  }
  const auto &contact = drafter.random.pick(drafter.desktop.contacts);
  const auto called = !contact.aliases.empty() && drafter.random.chance(0.5) ? contact.aliases.front() : contact.name;
  const auto meant = action::match_contacts(called, drafter.desktop.contacts);
  if (meant.size() != 1 || meant[0].email != contact.email) {
    return std::nullopt;
  }
  auto mail = parcel->mail;
  mail.to = contact.email;
  auto said = drafter.say("share", {{"target", parcel->said},
                                    {"recipient", called == contact.name ? drafter.person(contact) : known(called)}});
  if (!said) {
    return std::nullopt;
  }
  return Deed{*said, {"share", {{"target", parcel->target}, {"recipient", called}}, ""}, [mail](Desktop &desktop) {
                desktop.outbox.push_back(mail);
                desktop.outbox.back().queued = desktop.mail_down;
              }};
}

std::optional<Deed> draw_click(Drafter &drafter) {
  auto *window = drafter.desktop.front();
  if (window == nullptr || window->items.empty()) {
    return std::nullopt;
  }
  const auto index = drafter.random.below(window->items.size());
  const auto &item = window->items[index];
  const auto *element = drafter.view.of_item(index);
  const bool pressable = item.kind != "table" && item.kind != "document" && item.kind != "image" &&
                         item.kind != "text" && item.kind != "cell" && item.kind != "field" && item.kind != "slider" &&
                         item.kind != "list" && item.kind != "other" && !item.disabled && !item.selected;
  if (element == nullptr || !pressable || !names_one(drafter.desktop, item.name)) {
    return std::nullopt;
  }
  auto said = drafter.say("click", {{"target", known(item.name)}});
  if (!said) {
    return std::nullopt;
  }
  return Deed{*said, {"click", {{"target", element->id}}, ""}, [index](Desktop &desktop) {
                auto &items = desktop.front()->items;
                auto &one = items[index];
                if (one.kind == "checkbox") {
                  one.checked = !one.checked;
                } else if (one.kind == "tab" || one.kind == "radio") {
                  for (std::size_t i = 0; i < items.size(); ++i) {
                    items[i].selected = items[i].kind == one.kind ? i == index : items[i].selected;
                  }
                } else {
                  ++one.presses;
                }
              }};
}

std::optional<Deed> draw_type(Drafter &drafter) {
  static const std::array<std::array<const char *, 2>, 8> kTexts{{{"hello everyone", "大家好"},
                                                                  {"see you on Monday", "星期一见"},
                                                                  {"the order has arrived", "货已经到了"},
                                                                  {"many thanks", "非常感谢"},
                                                                  {"please call back", "请回电话"},
                                                                  {"approved", "同意"},
                                                                  {"to be continued", "未完待续"},
                                                                  {"good luck", "祝你好运"}}};
  const std::string text = kTexts[drafter.random.below(kTexts.size())][drafter.zh() ? 1 : 0];
  auto *window = drafter.desktop.front();
  if (window == nullptr) {
    return std::nullopt;
  }
  const auto fields = items_of_kind(drafter.desktop, "field");
  const bool named = !fields.empty() && drafter.random.chance(0.6);
  const auto focus = window->focus;
  const auto *focused = focus < 0 ? nullptr : &window->items[static_cast<std::size_t>(focus)];
  if (!named && (focused == nullptr || (focused->kind != "document" && focused->kind != "field"))) {
    return std::nullopt;
  }
  const auto index = named ? drafter.random.pick(fields) : static_cast<std::size_t>(focus);
  const auto *element = drafter.view.of_item(index);
  const auto &name = window->items[index].name;
  if (element == nullptr || (named && !names_one(drafter.desktop, name))) {
    return std::nullopt;
  }
  auto said = named ? drafter.say("type_text", {{"text", copied(text)}, {"target", known(name)}})
                    : drafter.say("type_text", {{"text", copied(text)}});
  if (!said) {
    return std::nullopt;
  }
  Action action{"type_text", {{"text", text}}, ""};
  if (named) {
    action.arguments["target"] = element->id;
  }
  return Deed{*said, std::move(action), [index, text](Desktop &desktop) {
                desktop.front()->focus = static_cast<int>(index);
                desktop.front()->items[index].text += text;
              }};
}

std::optional<Deed> draw_scroll(Drafter &drafter) {
  const bool up = drafter.random.chance(0.5);
  auto said = drafter.say(up ? "scroll_up" : "scroll_down");
  if (!said || drafter.desktop.front() == nullptr) {
    return std::nullopt;
  }
  constexpr int kSteps = 5;
  return Deed{*said, {"scroll", {{"direction", up ? "up" : "down"}}, ""}, [up](Desktop &desktop) {
                desktop.front()->scroll += up ? -kSteps : kSteps;
              }};
}

std::optional<Deed> draw_open(Drafter &drafter) {
  const auto &windows = drafter.desktop.windows;
  const bool other_window = windows.size() > 1 && drafter.random.chance(0.4);
  const auto app =
      other_window ? windows[drafter.random.below(windows.size() - 1)].app : drafter.random.pick(drafter.desktop.apps);
  const auto running = std::find_if(windows.begin(), windows.end(), [&](const Window &w) { return w.app == app; });
  auto said = drafter.say("open", {{"what", known(app)}});
  if (!said || app == windows.back().app) {
    return std::nullopt;
  }
  Deed deed{*said, {"open", {{"what", app}}, ""}, {}};
  if (running != windows.end()) {
    const auto index = running - windows.begin();
    deed.change = [index](Desktop &desktop) {
      std::rotate(desktop.windows.begin() + index, desktop.windows.begin() + index + 1, desktop.windows.end());
    };
  } else {
    deed.change = [app](Desktop &desktop) {
      Window window;
      window.app = window.title = app;
      window.box = {0, 0, desktop.width, desktop.height};
      desktop.windows.push_back(std::move(window));
    };
  }
  deed.first_only = true;
  return deed;
}

std::optional<Deed> draw_screenshot(Drafter &drafter) {
  auto said = drafter.say("take_screenshot");
  return said ? std::optional(Deed{
                    *said, {"take_screenshot", Json::object(), ""}, [](Desktop &desktop) { ++desktop.screenshots; }})
              : std::nullopt;
}

} // namespace

const std::vector<std::pair<std::string, DeedDrawer>> &deed_drawers() {
  static const std::vector<std::pair<std::string, DeedDrawer>> kAll{
      {"share", draw_share},
      {"click", draw_click},
      {"type_text", draw_type},
      {"scroll", draw_scroll},
      {"open", draw_open},
      {"take_screenshot", draw_screenshot},
      {"set_volume", draw_volume},
      {"set_brightness", draw_brightness},
      {"set_timer", draw_timer},
      {"set_alarm", draw_alarm},
      {"remind", draw_reminder},
      {"cancel_timer", draw_cancel},
      {"turn_on", draw_turn_on},
      {"turn_off", draw_turn_off},
      {"set_light_brightness", draw_light_brightness},
      {"set_temperature", draw_temperature},
      {"set_curtain", draw_curtain},
      {"pause", draw_pause},
      {"unlock", draw_unlock},
  };
  return kAll;
}

std::optional<Drafter::Parcel> Drafter::parcel() {
  const auto *window = desktop.front();
  if (window == nullptr) {
    return std::nullopt;
  }
  static const std::array<const char *, 3> kKinds{"table", "document", "image"};
  const std::string kind = random.pick(std::vector<std::string>(kKinds.begin(), kKinds.end()));
  const auto items = items_of_kind(desktop, kind);
  if (items.empty()) {
    return std::nullopt;
  }
  const auto at = random.below(items.size());
  const auto &item = window->items[items[at]];
  const auto *element = view.of_item(items[at]);
  if (element == nullptr) {
    return std::nullopt;
  }
  Parcel parcel;
  parcel.target = element->id;
  parcel.mail.subject = item.name;
  if (kind == "table") {
    parcel.mail.cells = item.cells;
  } else if (kind == "document") {
    parcel.mail.text = item.text;
  } else {
    parcel.mail.picture = item.name;
  }
  std::optional<Said> said;
  if (!item.selection.empty() && random.chance(0.6)) {
    parcel.target = kSelectionId;
    const auto *selection = view.screen.find(kSelectionId);
    if (selection == nullptr || view.items.at(std::string(kSelectionId)) != items[at] + 1) {
      return std::nullopt;
    }
    parcel.mail.subject = selection->name;
    parcel.mail.text = item.selection;
    said = say("this_selection");
  } else if (element->id == "current_" + kind && random.chance(0.6)) {
    said = say("this_" + kind);
  } else if (items.size() == 2 && at == 0 && kind != "document" && random.chance(0.3)) {
    said = say("upper");
  } else if (items.size() > 1 && random.chance(0.5)) {
    static const std::array<std::array<const char *, 2>, 4> kOrdinals{
        {{"first", "一"}, {"second", "二"}, {"third", "三"}, {"fourth", "四"}}};
    if (at >= kOrdinals.size()) {
      return std::nullopt;
    }
    said = say("ordinal_" + kind, {{"n", copied(kOrdinals[at][zh() ? 1 : 0])}}); // items stand in reading order
  } else if (names_one(desktop, spoken_name(item.name))) {
    said = known(spoken_name(item.name));
  }
  if (!said) {
    return std::nullopt;
  }
  parcel.said = std::move(*said);
  return parcel;
}

// Names with others that sound alike are heard right: who was meant could not be told otherwise.
Said Drafter::person(const Contact &contact) {
  const auto start = contact.name.substr(0, zh() ? 3 : 1);
  const bool alone = std::count_if(desktop.contacts.begin(), desktop.contacts.end(),
                                   [&](const Contact &c) { return c.name.starts_with(start); }) == 1;
  const auto &families = knowledge.home["alike"][zh() ? "zh" : "en"];
  const bool in_family = std::any_of(families.begin(), families.end(), [&](const Json &family) {
    return std::find(family.begin(), family.end(), contact.name) != family.end();
  });
  return alone && !in_family ? known(contact.name) : copied(contact.name);
}

} // namespace yanxing::sim
