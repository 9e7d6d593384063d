// Deeds by file: deeds.cc the screen, deeds_system.cc sound, light of the screen and time, deeds_home.cc the home.
#pragma once

#include "sim/task.h"

namespace yanxing::sim {

std::optional<Deed> draw_volume(Drafter &drafter);
std::optional<Deed> draw_brightness(Drafter &drafter);
std::optional<Deed> draw_timer(Drafter &drafter);
std::optional<Deed> draw_alarm(Drafter &drafter);
std::optional<Deed> draw_reminder(Drafter &drafter);
std::optional<Deed> draw_cancel(Drafter &drafter);
std::optional<Deed> draw_turn_on(Drafter &drafter);
std::optional<Deed> draw_turn_off(Drafter &drafter);
std::optional<Deed> draw_light_brightness(Drafter &drafter);
std::optional<Deed> draw_temperature(Drafter &drafter);
std::optional<Deed> draw_curtain(Drafter &drafter);
std::optional<Deed> draw_pause(Drafter &drafter);
std::optional<Deed> draw_unlock(Drafter &drafter);

} // namespace yanxing::sim
