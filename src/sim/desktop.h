// A simulated desktop and home: everything that an action may change, as plain values. Two desktops are equal where all
// of that is equal; this is how a task's goal is checked.
#pragma once

#include "base/json.h"
#include "base/shapes.h"
#include "sim/domain.h"
#include "sim/random.h"

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

namespace yanxing::sim {

using Cells = std::vector<std::vector<std::string>>; // rows of equal length

// One thing in a window: a table, a document, a picture, a button, …
struct Item {
  std::string kind; // of Element
  std::string name;
  std::string text;      // of documents and fields
  std::string selection; // of a document; empty: nothing is selected
  Cells cells;           // of tables
  Box box;
  bool checked = false;  // checkboxes
  bool selected = false; // tabs, radio buttons: one of its kind in a window
  bool disabled = false;
  int presses = 0;                          // buttons, links, menus, icons, items
  bool gone = false;                        // not there at the moment (an injected failure)
  bool operator==(const Item &other) const; // texts by their words
};

struct Window {
  std::string app;
  std::string title;
  Box box;
  std::vector<Item> items;
  int focus = -1; // index of the item that has the keyboard; -1: none
  int scroll = 0; // steps down from where it stood
  bool operator==(const Window &) const = default;
};

struct Mail {
  std::string to; // address
  std::string subject;
  std::string text;    // what is attached, where it is a text
  Cells cells;         // what is attached, where it is a table
  std::string picture; // what is attached, where it is a picture: its name
  bool queued = false; // the server is away: it leaves later
  bool operator==(const Mail &) const = default;
};

struct Alarm {
  std::string kind; // timer, alarm, reminder
  std::string label;
  std::time_t due = 0;
  bool operator==(const Alarm &other) const; // labels by their words
};

struct Event {
  std::string title;
  std::time_t begin = 0;
  bool operator==(const Event &) const = default;
};

// What a device's topic sets; -1: it has no such thing.
struct Device {
  std::string id;   // its name in the registry, and the level of its topic
  std::string kind; // light, climate, cover, media, lock
  std::string room;
  int on = -1;
  int brightness = -1;  // percent
  int temperature = -1; // °C
  int position = -1;    // percent open
  int playing = -1;
  int locked = -1;
  bool offline = false;
  bool operator==(const Device &) const = default;
};

// What takes the last deed back, as the real operator's journal keeps it.
struct Undo {
  std::string effect; // which one (effects/)
  Json data;
};

struct Desktop {
  int width = 1920;
  int height = 1080;
  std::time_t now = 0;
  std::vector<Window> windows;   // back to front: the last has the focus
  std::vector<std::string> apps; // that are installed
  std::vector<Contact> contacts;
  std::vector<Mail> inbox, drafts, outbox;
  std::vector<Alarm> alarms; // in the order in which they were set
  std::vector<Event> calendar;
  int volume = 50;
  int brightness = 70;
  int screenshots = 0;
  std::vector<std::string> pages;    // web pages and files that were opened
  std::vector<std::string> messages; // published to topics that no device has, sent to addresses, programs started
  std::vector<Device> home;
  bool mail_down = false; // the mail server cannot be reached

  // Not part of what is compared.
  std::vector<Undo> journal;
  int deeds = 0; // actions that ran

  [[nodiscard]] Window *front() { return windows.empty() ? nullptr : &windows.back(); }
  [[nodiscard]] const Window *front() const { return windows.empty() ? nullptr : &windows.back(); }
  [[nodiscard]] Device *device(std::string_view id);
};

// What differs, as lines such as "volume: 40 → 30" or "outbox: 1 more"; nothing where all is equal.
std::vector<std::string> differences(const Desktop &before, const Desktop &after);
bool same_state(const Desktop &a, const Desktop &b);

Json to_json(const Desktop &desktop); // for people to look at

// Two to four windows of different applications, people (some look or sound alike), a home with every device.
Desktop draw_desktop(const Knowledge &knowledge, Language language, Random &random);

} // namespace yanxing::sim
