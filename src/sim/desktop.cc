#include "sim/desktop.h"

#include "eval/values.h"

#include <algorithm>

namespace yanxing::sim {
namespace {

Json to_json(const Mail &mail) {
  Json json{{"to", mail.to}, {"subject", mail.subject}};
  if (!mail.cells.empty()) {
    json["cells"] = mail.cells;
  }
  if (!mail.text.empty()) {
    json["text"] = mail.text;
  }
  if (!mail.picture.empty()) {
    json["picture"] = mail.picture;
  }
  if (mail.queued) {
    json["queued"] = true;
  }
  return json;
}

Json to_json(const Alarm &alarm, std::time_t now) {
  return {{"kind", alarm.kind}, {"label", alarm.label}, {"in_s", alarm.due - now}};
}

Json to_json(const Device &device) {
  Json json{{"id", device.id}, {"kind", device.kind}, {"room", device.room}};
  const std::vector<std::pair<const char *, int>> values{{"on", device.on},
                                                         {"brightness", device.brightness},
                                                         {"temperature", device.temperature},
                                                         {"position", device.position},
                                                         {"playing", device.playing},
                                                         {"locked", device.locked}};
  for (const auto &[key, value] : values) {
    if (value >= 0) {
      json[key] = value;
    }
  }
  if (device.offline) {
    json["offline"] = true;
  }
  return json;
}

Json to_json(const Window &window) {
  Json items = Json::array();
  for (const auto &item : window.items) {
    Json one{{"kind", item.kind}, {"name", item.name}};
    if (!item.text.empty()) {
      one["text"] = item.text;
    }
    if (!item.selection.empty()) {
      one["selection"] = item.selection;
    }
    if (!item.cells.empty()) {
      one["cells"] = item.cells;
    }
    if (item.presses > 0) {
      one["presses"] = item.presses;
    }
    for (const auto &[key, value] : {std::pair{"checked", item.checked}, std::pair{"selected", item.selected},
                                     std::pair{"disabled", item.disabled}, std::pair{"gone", item.gone}}) {
      if (value) {
        one[key] = true;
      }
    }
    items.push_back(std::move(one));
  }
  return {{"app", window.app}, {"title", window.title}, {"scroll", window.scroll}, {"items", std::move(items)}};
}

// Tells of a list's first difference, or how much longer it is.
template <class T>
void compare(std::vector<std::string> &lines, const std::string &what, const std::vector<T> &a,
             const std::vector<T> &b) {
  if (a == b) {
    return;
  }
  if (a.size() != b.size()) {
    lines.push_back(what + ": " + std::to_string(a.size()) + " → " + std::to_string(b.size()));
    return;
  }
  const auto first = std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin();
  lines.push_back(what + " " + std::to_string(first + 1) + " changed");
}

template <class T> void compare(std::vector<std::string> &lines, const std::string &what, const T &a, const T &b) {
  if (a != b) {
    lines.push_back(what + ": " + std::to_string(a) + " → " + std::to_string(b));
  }
}

} // namespace

bool Alarm::operator==(const Alarm &other) const {
  return kind == other.kind && due == other.due &&
         (label == other.label || eval::same_value(Json(label), Json(other.label)));
}

bool Item::operator==(const Item &other) const {
  return kind == other.kind && checked == other.checked && selected == other.selected && disabled == other.disabled &&
         presses == other.presses && gone == other.gone && box == other.box && name == other.name &&
         selection == other.selection && cells == other.cells &&
         (text == other.text || eval::same_value(Json(text), Json(other.text)));
}

Device *Desktop::device(std::string_view id) {
  const auto found = std::find_if(home.begin(), home.end(), [&](const Device &d) { return d.id == id; });
  return found == home.end() ? nullptr : &*found;
}

bool same_state(const Desktop &a, const Desktop &b) {
  return a.volume == b.volume && a.brightness == b.brightness && a.screenshots == b.screenshots && a.now == b.now &&
         a.outbox == b.outbox && a.alarms == b.alarms && a.home == b.home && a.pages == b.pages &&
         a.messages == b.messages && a.inbox == b.inbox && a.drafts == b.drafts && a.calendar == b.calendar &&
         a.apps == b.apps && a.windows == b.windows;
}

std::vector<std::string> differences(const Desktop &before, const Desktop &after) {
  std::vector<std::string> lines;
  compare(lines, "volume", before.volume, after.volume);
  compare(lines, "brightness", before.brightness, after.brightness);
  compare(lines, "screenshots", before.screenshots, after.screenshots);
  compare(lines, "now", before.now, after.now);
  compare(lines, "outbox", before.outbox, after.outbox);
  compare(lines, "inbox", before.inbox, after.inbox);
  compare(lines, "drafts", before.drafts, after.drafts);
  compare(lines, "alarms", before.alarms, after.alarms);
  compare(lines, "calendar", before.calendar, after.calendar);
  compare(lines, "pages", before.pages, after.pages);
  compare(lines, "messages", before.messages, after.messages);
  compare(lines, "apps", before.apps, after.apps);
  compare(lines, "windows", before.windows, after.windows);
  for (std::size_t i = 0; i < before.home.size() && i < after.home.size(); ++i) {
    if (before.home[i] != after.home[i]) {
      lines.push_back(dump(to_json(before.home[i])) + " → " + dump(to_json(after.home[i])));
    }
  }
  return lines;
}

Json to_json(const Desktop &desktop) {
  Json json{{"volume", desktop.volume}, {"brightness", desktop.brightness}, {"screenshots", desktop.screenshots}};
  json["windows"] = Json::array();
  for (const auto &window : desktop.windows) {
    json["windows"].push_back(to_json(window));
  }
  for (const auto &[key, list] : {std::pair{"inbox", &desktop.inbox}, std::pair{"drafts", &desktop.drafts},
                                  std::pair{"outbox", &desktop.outbox}}) {
    json[key] = Json::array();
    for (const auto &mail : *list) {
      json[key].push_back(to_json(mail));
    }
  }
  json["alarms"] = Json::array();
  for (const auto &alarm : desktop.alarms) {
    json["alarms"].push_back(to_json(alarm, desktop.now));
  }
  json["calendar"] = Json::array();
  for (const auto &event : desktop.calendar) {
    json["calendar"].push_back({{"title", event.title}, {"in_s", event.begin - desktop.now}});
  }
  json["home"] = Json::array();
  for (const auto &device : desktop.home) {
    json["home"].push_back(to_json(device));
  }
  json["apps"] = desktop.apps;
  json["pages"] = desktop.pages;
  json["messages"] = desktop.messages;
  json["mail_down"] = desktop.mail_down;
  return json;
}

} // namespace yanxing::sim
