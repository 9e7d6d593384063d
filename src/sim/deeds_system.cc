#include "sim/deeds.h"

#include <array>

namespace yanxing::sim {
namespace {

std::optional<Deed> draw_level(Drafter &drafter, const char *action, int Desktop::*field, long least) {
  const int level = static_cast<int>(drafter.random.between(least, 20)) * 5;
  auto said = drafter.say(action, {{"level", copied(std::to_string(level))}});
  if (!said || level == drafter.desktop.*field) {
    return std::nullopt;
  }
  return Deed{*said, {action, {{"level", level}}, ""}, [field, level](Desktop &desktop) { desktop.*field = level; }};
}

} // namespace

std::optional<Deed> draw_volume(Drafter &drafter) { return draw_level(drafter, "set_volume", &Desktop::volume, 0); }
std::optional<Deed> draw_brightness(Drafter &drafter) {
  return draw_level(drafter, "set_brightness", &Desktop::brightness, 1);
}

std::optional<Deed> draw_timer(Drafter &drafter) {
  struct Unit {
    const char *en;
    const char *zh;
    int seconds;
    long most;
  };
  static const std::array<Unit, 3> kUnits{
      {{" seconds", "秒", 1, 90}, {" minutes", "分钟", 60, 90}, {" hours", "小时", 3600, 12}}};
  const auto &unit = kUnits[drafter.random.below(kUnits.size())];
  const auto count = drafter.random.between(2, unit.most);
  auto said =
      drafter.say("set_timer", {{"duration", copied(std::to_string(count) + (drafter.zh() ? unit.zh : unit.en))}});
  if (!said) {
    return std::nullopt;
  }
  const long seconds = count * unit.seconds;
  return Deed{*said, {"set_timer", {{"duration", seconds}}, ""}, [seconds](Desktop &desktop) {
                desktop.alarms.push_back({"timer", "", desktop.now + seconds});
              }};
}

std::pair<std::string, std::time_t> Drafter::moment() {
  const bool tomorrow = random.chance(0.7);
  const bool morning = tomorrow && random.chance(0.6);
  const auto hour = morning ? random.between(6, 11) : random.between(1, 11);
  const bool half = zh() && random.chance(0.3);
  std::tm local{};
  localtime_r(&desktop.now, &local);
  local.tm_mday += 1;
  local.tm_hour = static_cast<int>(morning ? hour : hour + 12);
  local.tm_min = half ? 30 : 0;
  local.tm_sec = 0;
  local.tm_isdst = -1;
  const auto number = std::to_string(hour);
  const auto phrase = zh() ? "明天" + std::string(morning ? "早上" : "下午") + number + (half ? "点半" : "点")
                           : "tomorrow at " + number + (morning ? " am" : " pm");
  return {phrase, std::mktime(&local)};
}

std::optional<Deed> draw_alarm(Drafter &drafter) {
  const auto [phrase, due] = drafter.moment();
  auto said = drafter.say("set_alarm", {{"time", copied(phrase)}});
  if (!said) {
    return std::nullopt;
  }
  return Deed{*said, {"set_alarm", {{"time", phrase}}, ""}, [due = due](Desktop &desktop) {
                desktop.alarms.push_back({"alarm", "", due});
              }};
}

std::optional<Deed> draw_reminder(Drafter &drafter) {
  static const std::array<std::array<const char *, 2>, 8> kWhat{{{"buy milk", "买牛奶"},
                                                                 {"call the bank", "给银行打电话"},
                                                                 {"water the plants", "浇花"},
                                                                 {"pay the rent", "交房租"},
                                                                 {"pick up the parcel", "取快递"},
                                                                 {"book the dentist", "预约牙医"},
                                                                 {"renew the passport", "换护照"},
                                                                 {"feed the cat", "喂猫"}}};
  const std::string what = kWhat[drafter.random.below(kWhat.size())][drafter.zh() ? 1 : 0];
  const auto [phrase, due] = drafter.moment();
  auto said = drafter.say("remind", {{"text", copied(what)}, {"when", copied(phrase)}});
  if (!said) {
    return std::nullopt;
  }
  return Deed{*said, {"remind", {{"text", what}, {"when", phrase}}, ""}, [what, due = due](Desktop &desktop) {
                desktop.alarms.push_back({"reminder", what, due});
              }};
}

std::optional<Deed> draw_cancel(Drafter &drafter) {
  auto said = drafter.say("cancel_timer");
  if (!said || drafter.desktop.alarms.empty()) {
    return std::nullopt;
  }
  return Deed{*said, {"cancel_timer", Json::object(), ""}, [](Desktop &desktop) { desktop.alarms.clear(); }};
}

} // namespace yanxing::sim
