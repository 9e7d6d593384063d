#include "os/desktop.h"
#include "os/input_keys.h"
#include "os/x11_connection.h"

#include <X11/keysym.h>
#include <xcb/xtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <thread>

namespace yanxing::os {
namespace {

constexpr auto kKeyPause = std::chrono::milliseconds(3);
constexpr auto kClickPause = std::chrono::milliseconds(12);
// An application fetches a changed keyboard only when it next handles events.
constexpr auto kMappingPause = std::chrono::milliseconds(60);
constexpr std::size_t kLongestText = 20000; // characters

void pause(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

struct Stroke {
  xcb_keycode_t code = 0;
  bool shift = false;
};

// The server's keyboard. Characters that no key writes get a keycode that no key of the keyboard uses. Such a mapping
// is left in place: taking it away while the application still works through its queue would turn the text into
// nothing, and no physical key ever sends it. A later process finds it again, or reuses it.
class Keyboard {
public:
  Status load(xcb_connection_t *connection) {
    const xcb_setup_t *setup = xcb_get_setup(connection);
    first_ = setup->min_keycode;
    const auto count = static_cast<std::uint8_t>(setup->max_keycode - setup->min_keycode + 1);
    const XcbReply<xcb_get_keyboard_mapping_reply_t> reply(xcb_get_keyboard_mapping_reply(
        connection, xcb_get_keyboard_mapping(connection, setup->min_keycode, count), nullptr));
    if (!reply || reply->keysyms_per_keycode == 0) {
      return Error{"the X server does not tell its keyboard", ""};
    }
    columns_ = reply->keysyms_per_keycode;
    const xcb_keysym_t *keysyms = xcb_get_keyboard_mapping_keysyms(reply.get());
    keysyms_.assign(keysyms, keysyms + xcb_get_keyboard_mapping_keysyms_length(reply.get()));
    return {};
  }

  [[nodiscard]] bool find(Keysym wanted, Stroke &stroke) const {
    for (std::size_t level = 0; level < std::min<std::size_t>(columns_, 2); ++level) {
      for (std::size_t i = 0; i * columns_ < keysyms_.size(); ++i) {
        const std::size_t at = i * columns_ + level;
        if (keysyms_[at] == wanted && (level == 0 || keysyms_[at - 1] != XCB_NO_SYMBOL)) {
          stroke = {static_cast<xcb_keycode_t>(first_ + i), level == 1};
          return true;
        }
      }
    }
    return false;
  }

  // Keycodes that no key of the keyboard uses, or that an earlier text was given.
  [[nodiscard]] std::vector<xcb_keycode_t> spare() const {
    std::vector<xcb_keycode_t> codes;
    for (std::size_t i = 0; (i + 1) * columns_ <= keysyms_.size(); ++i) {
      const auto begin = keysyms_.begin() + static_cast<std::ptrdiff_t>(i * columns_);
      const auto end = begin + static_cast<std::ptrdiff_t>(columns_);
      const bool unused = std::all_of(begin, end, [](Keysym key) { return key == XCB_NO_SYMBOL; });
      const bool given =
          (*begin & 0xff000000U) == 0x01000000U && std::all_of(begin, begin + std::min<std::ptrdiff_t>(end - begin, 2),
                                                               [first = *begin](Keysym key) { return key == first; });
      if (unused || given) {
        codes.push_back(static_cast<xcb_keycode_t>(first_ + i));
      }
    }
    return codes;
  }

  void give(xcb_connection_t *connection, xcb_keycode_t code, Keysym key) {
    const std::vector<xcb_keysym_t> columns(columns_, key);
    xcb_change_keyboard_mapping(connection, 1, code, static_cast<std::uint8_t>(columns_), columns.data());
    std::copy(columns.begin(), columns.end(),
              keysyms_.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(code - first_) * columns_));
  }

private:
  xcb_keycode_t first_ = 8;
  std::size_t columns_ = 0;
  std::vector<Keysym> keysyms_;
};

class X11Input : public Input {
public:
  explicit X11Input(X11Connection x11) : x11_(std::move(x11)) {}

  Status click(int x, int y, Button button, int count) override {
    if (Status moved = move(x, y); !moved) {
      return moved;
    }
    for (int i = 0; i < count; ++i) {
      fake(XCB_BUTTON_PRESS, static_cast<std::uint8_t>(button));
      pause(kClickPause);
      fake(XCB_BUTTON_RELEASE, static_cast<std::uint8_t>(button));
      pause(kClickPause);
    }
    return settle();
  }

  Status scroll(int x, int y, int steps) override {
    if (Status moved = move(x, y); !moved) {
      return moved;
    }
    const std::uint8_t wheel = steps > 0 ? 5 : 4;
    for (int i = 0; i < std::min(std::abs(steps), 200); ++i) {
      fake(XCB_BUTTON_PRESS, wheel);
      fake(XCB_BUTTON_RELEASE, wheel);
      pause(kKeyPause);
    }
    return settle();
  }

  Status type(const std::string &utf8) override {
    auto characters = characters_of(utf8);
    if (!characters) {
      return characters.error();
    }
    if (characters->size() > kLongestText) {
      return Error{"a text of " + std::to_string(characters->size()) + " characters is too long to be typed",
                   "Paste it instead"};
    }
    Keyboard keyboard;
    if (Status loaded = keyboard.load(x11_.get()); !loaded) {
      return loaded;
    }
    std::vector<Keysym> keys;
    for (std::size_t i = 0; i < characters->size(); ++i) {
      const bool line_end = (*characters)[i] == U'\r' && i + 1 < characters->size() && (*characters)[i + 1] == U'\n';
      if (!line_end) {
        keys.push_back(keysym_of((*characters)[i]));
      }
    }
    for (std::size_t begin = 0; begin < keys.size();) {
      std::map<Keysym, Stroke> strokes;
      const std::size_t end = prepare(keyboard, keys, begin, strokes);
      if (end == begin) {
        return Error{"the keyboard has no free key for the text's characters", "Set the field's text instead"};
      }
      for (; begin < end; ++begin) {
        press(strokes[keys[begin]]);
      }
    }
    return settle();
  }

  Status key(const std::string &chord) override {
    auto keys = parse_chord(chord);
    if (!keys) {
      return keys.error();
    }
    Keyboard keyboard;
    if (Status loaded = keyboard.load(x11_.get()); !loaded) {
      return loaded;
    }
    std::vector<xcb_keycode_t> codes;
    std::map<Keysym, Stroke> strokes;
    for (const Keysym wanted : *keys) {
      if (prepare(keyboard, {wanted}, 0, strokes) == 0) {
        return Error{"this keyboard has no key for '" + chord + "'", ""};
      }
      if (strokes[wanted].shift) {
        codes.push_back(shift(keyboard));
      }
      codes.push_back(strokes[wanted].code);
    }
    for (const xcb_keycode_t code : codes) {
      fake(XCB_KEY_PRESS, code);
      pause(kKeyPause);
    }
    for (auto code = codes.rbegin(); code != codes.rend(); ++code) {
      fake(XCB_KEY_RELEASE, *code);
    }
    return settle();
  }

private:
  // Strokes for as many keys from `begin` on as the spare keycodes allow; returns where it stopped.
  std::size_t prepare(Keyboard &keyboard, const std::vector<Keysym> &keys, std::size_t begin,
                      std::map<Keysym, Stroke> &strokes) {
    std::vector<xcb_keycode_t> spare = keyboard.spare();
    std::set<xcb_keycode_t> taken; // given to a key of this part
    std::size_t end = begin;
    for (; end < keys.size(); ++end) {
      const Keysym wanted = keys[end];
      Stroke stroke;
      if (strokes.contains(wanted)) {
        continue;
      }
      if (keyboard.find(wanted, stroke) && !taken.contains(stroke.code)) {
        std::erase(spare, stroke.code); // given earlier and wanted again: keep it
        strokes[wanted] = stroke;
        continue;
      }
      if (spare.empty()) {
        break;
      }
      strokes[wanted] = {spare.front(), false};
      taken.insert(spare.front());
      spare.erase(spare.begin());
    }
    if (!taken.empty()) {
      sync();
      pause(given_ ? 4 * kMappingPause : kMappingPause); // a keycode's new use must not overtake its earlier one
      for (const auto &[key, stroke] : strokes) {
        if (taken.contains(stroke.code)) {
          keyboard.give(x11_.get(), stroke.code, key);
        }
      }
      given_ = true;
      sync();
      pause(kMappingPause);
    }
    shift_ = shift(keyboard);
    return end;
  }

  static xcb_keycode_t shift(const Keyboard &keyboard) {
    Stroke stroke;
    return keyboard.find(XK_Shift_L, stroke) ? stroke.code : 50;
  }

  void press(const Stroke &stroke) {
    if (stroke.shift) {
      fake(XCB_KEY_PRESS, shift_);
    }
    fake(XCB_KEY_PRESS, stroke.code);
    fake(XCB_KEY_RELEASE, stroke.code);
    if (stroke.shift) {
      fake(XCB_KEY_RELEASE, shift_);
    }
    pause(kKeyPause);
  }

  Status move(int x, int y) {
    const XcbReply<xcb_get_geometry_reply_t> geometry(
        xcb_get_geometry_reply(x11_.get(), xcb_get_geometry(x11_.get(), x11_.root), nullptr));
    if (!geometry) {
      return Error{"the X server does not answer", "Check that the session still runs"};
    }
    if (x < 0 || y < 0 || x >= geometry->width || y >= geometry->height) {
      return Error{"(" + std::to_string(x) + ", " + std::to_string(y) + ") is outside the screen of " +
                       std::to_string(geometry->width) + "x" + std::to_string(geometry->height),
                   "Look again"};
    }
    xcb_test_fake_input(x11_.get(), XCB_MOTION_NOTIFY, 0, XCB_CURRENT_TIME, x11_.root, static_cast<std::int16_t>(x),
                        static_cast<std::int16_t>(y), 0);
    sync();
    pause(kClickPause);
    return {};
  }

  void fake(std::uint8_t event, std::uint8_t detail) {
    xcb_test_fake_input(x11_.get(), event, detail, XCB_CURRENT_TIME, x11_.root, 0, 0, 0);
    xcb_flush(x11_.get());
  }

  // Until the server has taken all that was sent.
  void sync() {
    const XcbReply<xcb_get_input_focus_reply_t> done(
        xcb_get_input_focus_reply(x11_.get(), xcb_get_input_focus(x11_.get()), nullptr));
  }

  Status settle() {
    sync();
    if (xcb_connection_has_error(x11_.get()) != 0) {
      return Error{"the X server is gone", "Check that the session still runs"};
    }
    return {};
  }

  X11Connection x11_;
  xcb_keycode_t shift_ = 50;
  bool given_ = false;
};

} // namespace

Result<std::unique_ptr<Input>> open_input() {
  auto x11 = connect_to_x11();
  if (!x11) {
    return x11.error();
  }
  const xcb_query_extension_reply_t *xtest = xcb_get_extension_data(x11->get(), &xcb_test_id);
  if (xtest == nullptr || xtest->present == 0) {
    return Error{"the X server has no XTEST extension, so nothing can be clicked or typed",
                 "Start the server with XTEST"};
  }
  return std::unique_ptr<Input>(std::make_unique<X11Input>(std::move(x11).value()));
}

} // namespace yanxing::os
