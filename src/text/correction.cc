#include "text/correction.h"

#include "text/evidence.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace yanxing::text {
namespace {

using namespace std::string_view_literals;

// What stands between a correction's first words and the rest: "no, to Anna"; English words must end there.
bool goes_on(std::string_view rest, bool english) {
  constexpr std::array kJoints{" "sv, ","sv, "，"sv, "."sv, "。"sv, "、"sv, "!"sv, "！"sv, ":"sv, "："sv};
  bool parted = !english;
  for (bool more = true; more;) {
    more = false;
    for (const auto joint : kJoints) {
      if (rest.starts_with(joint)) {
        rest.remove_prefix(joint.size());
        parted = more = true;
      }
    }
  }
  return parted && !rest.empty();
}

} // namespace

bool corrects_last_turn(const std::string &words) {
  constexpr std::array kChinese{"不对"sv,     "不是,"sv,  "不是 "sv,    "错了"sv,      "搞错了"sv,
                                "说错了"sv,   "弄错了"sv, "发错了"sv,   "哦不"sv,      "我是说"sv,
                                "我说的是"sv, "应该是"sv, "应该发给"sv, "我的意思是"sv};
  constexpr std::array kEnglish{"no"sv,       "nope"sv,         "wrong"sv,         "not that"sv,
                                "not this"sv, "that's wrong"sv, "that is wrong"sv, "i meant"sv,
                                "i mean"sv,   "i said"sv,       "sorry i meant"sv, "it should be"sv};
  const auto said = fold(words);
  const auto begins = [&](bool english) {
    return [&said, english](std::string_view start) {
      return said.starts_with(start) && goes_on(std::string_view(said).substr(start.size()), english);
    };
  };
  return std::any_of(kChinese.begin(), kChinese.end(), begins(false)) ||
         std::any_of(kEnglish.begin(), kEnglish.end(), begins(true));
}

bool is_change_of_mind(const std::string &words, const Action &decided, const Action &correction) {
  constexpr double kInFull = 0.9;
  if (decided.name != correction.name) {
    return false;
  }
  const auto said = fold(words);
  const auto numbers = find_numbers(said);
  const auto was_said = [&](const Json &value) {
    if (value.is_number()) {
      return std::any_of(numbers.begin(), numbers.end(),
                         [&](const SpokenNumber &number) { return number.value == value.get<double>(); });
    }
    const auto mention = value.is_string() ? find_mention(said, value.get<std::string>()) : std::nullopt;
    return mention && mention->score >= kInFull;
  };
  for (const auto &[name, value] : decided.arguments.items()) {
    const auto other = correction.arguments.find(name);
    if ((other == correction.arguments.end() || *other != value) && !was_said(value)) {
      return false;
    }
  }
  // What only the correction gives was missing before.
  return std::all_of(correction.arguments.items().begin(), correction.arguments.items().end(),
                     [&](const auto &item) { return decided.arguments.contains(item.key()); });
}

} // namespace yanxing::text
