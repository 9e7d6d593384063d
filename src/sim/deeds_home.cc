#include "sim/deeds.h"

#include <algorithm>

namespace yanxing::sim {
namespace {

// A device of which `fits` holds; nothing where there is none.
template <class Fits> const Device *pick_device(Drafter &drafter, Fits &&fits) {
  std::vector<const Device *> found;
  for (const auto &device : drafter.desktop.home) {
    if (fits(device)) {
      found.push_back(&device);
    }
  }
  return found.empty() ? nullptr : drafter.random.pick(found);
}

std::optional<Deed> deed_of(Drafter &drafter, const std::string &key, const std::string &action, const Device &device,
                            Json more, Drafter::Fills fills, std::function<void(Device &)> change) {
  fills.emplace_back("device", known(device.id));
  auto said = drafter.say(key, fills);
  if (!said) {
    return std::nullopt;
  }
  Json arguments{{"device", device.id}};
  arguments.update(more);
  return Deed{*said,
              {action, std::move(arguments), ""},
              [id = device.id, change = std::move(change)](Desktop &desktop) { change(*desktop.device(id)); }};
}

std::optional<Deed> draw_power(Drafter &drafter, int on) {
  const auto *device = pick_device(drafter, [on](const Device &d) { return d.on == 1 - on; });
  const std::string action = on == 1 ? "turn_on" : "turn_off";
  return device == nullptr
             ? std::nullopt
             : deed_of(drafter, action, action, *device, Json::object(), {}, [on](Device &d) { d.on = on; });
}

} // namespace

std::optional<Deed> draw_turn_on(Drafter &drafter) { return draw_power(drafter, 1); }
std::optional<Deed> draw_turn_off(Drafter &drafter) { return draw_power(drafter, 0); }

std::optional<Deed> draw_light_brightness(Drafter &drafter) {
  const int level = static_cast<int>(drafter.random.between(1, 10)) * 10;
  const auto *device =
      pick_device(drafter, [level](const Device &d) { return d.kind == "light" && d.brightness != level; });
  if (device == nullptr) {
    return std::nullopt;
  }
  return deed_of(drafter, "set_light_brightness", "set_light_brightness", *device, {{"level", level}},
                 {{"level", copied(std::to_string(level))}}, [level](Device &d) {
                   d.on = 1;
                   d.brightness = level;
                 });
}

std::optional<Deed> draw_temperature(Drafter &drafter) {
  const int degrees = static_cast<int>(drafter.random.between(16, 30));
  const auto *device =
      pick_device(drafter, [degrees](const Device &d) { return d.kind == "climate" && d.temperature != degrees; });
  if (device == nullptr) {
    return std::nullopt;
  }
  return deed_of(drafter, "set_temperature", "set_temperature", *device, {{"degrees", degrees}},
                 {{"degrees", copied(std::to_string(degrees))}}, [degrees](Device &d) {
                   d.on = 1;
                   d.temperature = degrees;
                 });
}

std::optional<Deed> draw_curtain(Drafter &drafter) {
  constexpr int kOpen = 100;
  const int position = drafter.random.chance(0.5) ? kOpen : 0;
  const auto *device =
      pick_device(drafter, [position](const Device &d) { return d.kind == "cover" && d.position != position; });
  if (device == nullptr) {
    return std::nullopt;
  }
  return deed_of(drafter, position == kOpen ? "open_curtain" : "close_curtain", "set_curtain", *device,
                 {{"position", position}}, {}, [position](Device &d) { d.position = position; });
}

std::optional<Deed> draw_pause(Drafter &drafter) {
  const auto *device = pick_device(drafter, [](const Device &d) { return d.playing == 1; });
  return device == nullptr
             ? std::nullopt
             : deed_of(drafter, "pause", "pause", *device, Json::object(), {}, [](Device &d) { d.playing = 0; });
}

std::optional<Deed> draw_unlock(Drafter &drafter) {
  const auto *device = pick_device(drafter, [](const Device &d) { return d.locked == 1; });
  return device == nullptr
             ? std::nullopt
             : deed_of(drafter, "unlock", "unlock", *device, Json::object(), {}, [](Device &d) { d.locked = 0; });
}

} // namespace yanxing::sim
