#include "os/input_keys.h"

#include <X11/keysym.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace yanxing::os {
namespace {

struct NamedKey {
  std::string_view name;
  Keysym key;
};

constexpr std::array<NamedKey, 11> kModifiers{{{"ctrl", XK_Control_L},
                                               {"control", XK_Control_L},
                                               {"shift", XK_Shift_L},
                                               {"alt", XK_Alt_L},
                                               {"option", XK_Alt_L},
                                               {"super", XK_Super_L},
                                               {"win", XK_Super_L},
                                               {"windows", XK_Super_L},
                                               {"meta", XK_Super_L},
                                               {"cmd", XK_Super_L},
                                               {"command", XK_Super_L}}};

constexpr std::array<NamedKey, 37> kKeys{{{"return", XK_Return},
                                          {"enter", XK_Return},
                                          {"tab", XK_Tab},
                                          {"escape", XK_Escape},
                                          {"esc", XK_Escape},
                                          {"space", XK_space},
                                          {"backspace", XK_BackSpace},
                                          {"delete", XK_Delete},
                                          {"del", XK_Delete},
                                          {"insert", XK_Insert},
                                          {"ins", XK_Insert},
                                          {"home", XK_Home},
                                          {"end", XK_End},
                                          {"pageup", XK_Page_Up},
                                          {"page_up", XK_Page_Up},
                                          {"prior", XK_Page_Up},
                                          {"pagedown", XK_Page_Down},
                                          {"page_down", XK_Page_Down},
                                          {"next", XK_Page_Down},
                                          {"up", XK_Up},
                                          {"down", XK_Down},
                                          {"left", XK_Left},
                                          {"right", XK_Right},
                                          {"menu", XK_Menu},
                                          {"print", XK_Print},
                                          {"printscreen", XK_Print},
                                          {"pause", XK_Pause},
                                          {"capslock", XK_Caps_Lock},
                                          {"caps_lock", XK_Caps_Lock},
                                          {"plus", XK_plus},
                                          {"minus", XK_minus},
                                          {"comma", XK_comma},
                                          {"period", XK_period},
                                          {"slash", XK_slash},
                                          {"volumeup", 0x1008FF13},
                                          {"volumedown", 0x1008FF11},
                                          {"mute", 0x1008FF12}}};

template <std::size_t N> Keysym look_up(const std::array<NamedKey, N> &table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(), [name](const NamedKey &key) { return key.name == name; });
  return found == table.end() ? XK_VoidSymbol : found->key;
}

Keysym key_named(const std::string &part) {
  std::string lower = part;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (const Keysym key = look_up(kKeys, lower); key != XK_VoidSymbol) {
    return key;
  }
  if (const Keysym key = look_up(kModifiers, lower); key != XK_VoidSymbol) {
    return key;
  }
  if (lower.size() >= 2 && lower.size() <= 3 && lower[0] == 'f' &&
      std::all_of(lower.begin() + 1, lower.end(), [](unsigned char c) { return std::isdigit(c) != 0; })) {
    const int number = std::stoi(lower.substr(1));
    if (number >= 1 && number <= 24) {
      return static_cast<Keysym>(XK_F1 + number - 1);
    }
  }
  const auto characters = characters_of(lower); // a chord's letters are keys, not capitals: "Ctrl+S" is ctrl+s
  return characters && characters->size() == 1 ? keysym_of((*characters)[0]) : XK_VoidSymbol;
}

} // namespace

Keysym keysym_of(char32_t character) {
  switch (character) {
  case U'\n':
  case U'\r':
    return XK_Return;
  case U'\t':
    return XK_Tab;
  default:
    break;
  }
  const bool latin1 = (character >= 0x20 && character <= 0x7e) || (character >= 0xa0 && character <= 0xff);
  return latin1 ? static_cast<Keysym>(character) : 0x01000000U + static_cast<Keysym>(character);
}

Result<std::vector<Keysym>> parse_chord(const std::string &chord) {
  std::vector<std::string> parts;
  std::string part;
  for (std::size_t i = 0; i < chord.size(); ++i) {
    if (chord[i] == '+' && !part.empty()) { // "ctrl++" ends in the plus key itself
      parts.push_back(std::move(part));
      part.clear();
    } else if (chord[i] != ' ') {
      part += chord[i];
    }
  }
  if (!part.empty()) {
    parts.push_back(std::move(part));
  }
  if (parts.empty()) {
    return Error{"no key is named", "Write keys as ctrl+s, Return, alt+F4"};
  }
  std::vector<Keysym> keys;
  for (const std::string &name : parts) {
    const Keysym key = key_named(name);
    if (key == XK_VoidSymbol) {
      return Error{"'" + name + "' in '" + chord + "' is no key", "Write keys as ctrl+s, Return, alt+F4"};
    }
    keys.push_back(key);
  }
  std::stable_partition(keys.begin(), keys.end(), [](Keysym key) {
    return std::any_of(kModifiers.begin(), kModifiers.end(), [key](const NamedKey &m) { return m.key == key; });
  });
  return keys;
}

Result<std::u32string> characters_of(const std::string &utf8) {
  std::u32string characters;
  for (std::size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xc2 ? 0
                               : lead < 0xe0 ? 2
                               : lead < 0xf0 ? 3
                               : lead < 0xf5 ? 4
                                             : 0;
    if (length == 0 || i + length > utf8.size()) {
      return Error{"the text is not UTF-8 at byte " + std::to_string(i), ""};
    }
    char32_t character = length == 1 ? lead : lead & (0xffU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(utf8[i + k]);
      if ((next & 0xc0U) != 0x80U) {
        return Error{"the text is not UTF-8 at byte " + std::to_string(i + k), ""};
      }
      character = character << 6U | (next & 0x3fU);
    }
    characters += character;
    i += length;
  }
  return characters;
}

} // namespace yanxing::os
