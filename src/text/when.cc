#include "text/when.h"

#include "text/normalize.h"

#include <array>
#include <regex>

namespace yanxing::text {
namespace {

constexpr int kMinutesADay = 24 * 60;

// Longest alternative first: std::regex takes the first that matches.
const std::regex &phrase_pattern() {
  static const std::regex kPattern(
      // 10分钟后, 1个半小时以后, 半小时之后
      R"((?:[0-9]+(?:\.[0-9]+)?|半|一|两)(?:个)?(?:半)?(?:秒钟|秒|分钟|个?钟头|小时)(?:以后|之后|后))"
      // 明天早上7点半, 下午3点15分, 今晚8:30, 18:00
      R"(|(?:(?:今天|明天|后天|今晚|今早|明早|明晚|(?:下周|周|下星期|星期)(?:一|二|三|四|五|六|日|天))(?:的)?)?)"
      R"((?:凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|夜里|半夜)?(?:[0-9]{1,2})(?:点钟|点半|点[0-9]{1,2}分|点[0-9]{1,2}|点一刻|点三刻|点|:[0-9]{2}))"
      R"(|(?:今天|明天|后天)(?:早上|上午|中午|下午|晚上)?|今晚|明早|明晚|中午|半夜)"
      R"(|\b(?:in )(?:[0-9]+|an?|half an|one|two|three|five|ten|fifteen|twenty|thirty)(?: and a half)? (?:seconds?|minutes?|hours?|days?)\b)"
      R"(|\b(?:(?:tomorrow|today|tonight)(?: morning| afternoon| evening| night)?,? )?(?:at )?(?:half past|quarter past|quarter to) (?:[0-9]{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b)"
      R"(|\b(?:(?:tomorrow|today|tonight)(?: morning| afternoon| evening| night)?,? )?(?:at )?[0-9]{1,2}(?::[0-9]{2})? ?(?:a\.?m\.?|p\.?m\.?|o'?clock)(?: (?:tomorrow|today|tonight))?)"
      R"(|\b(?:(?:tomorrow|today|tonight)(?: morning| afternoon| evening| night)?,? )?(?:at )[0-9]{1,2}(?::[0-9]{2})?(?: (?:tomorrow|today|tonight)(?: morning| afternoon| evening| night)?)?\b)"
      R"(|\b[0-9]{1,2}:[0-9]{2}\b|\b(?:noon|midnight|tomorrow(?: morning| afternoon| evening| night)?|tonight)\b)",
      std::regex::icase);
  return kPattern;
}

bool has(const std::string &text, std::string_view part) { return text.find(part) != std::string::npos; }

int number_word(const std::string &word) {
  static constexpr std::array<std::string_view, 13> kWords{"zero",  "one",   "two",  "three", "four",   "five",  "six",
                                                           "seven", "eight", "nine", "ten",   "eleven", "twelve"};
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (word == kWords[i]) {
      return static_cast<int>(i);
    }
  }
  return std::atoi(word.c_str());
}

// Minutes after midnight, or -1.
int minutes_in(const std::string &phrase) {
  std::smatch found;
  static const std::regex kChinese(R"(([0-9]{1,2})点(半|一刻|三刻|([0-9]{1,2})(?:分)?)?)");
  static const std::regex kPast(R"((half|quarter) (past|to) ([a-z0-9]+))");
  static const std::regex kClock(R"(([0-9]{1,2})(?::([0-9]{2}))?)");
  int hour = -1;
  int minute = 0;
  if (std::regex_search(phrase, found, kChinese)) {
    hour = std::stoi(found[1]);
    minute = found[2] == "半"     ? 30
             : found[2] == "一刻" ? 15
             : found[2] == "三刻" ? 45
             : found[3].matched   ? std::stoi(found[3])
                                  : 0;
  } else if (std::regex_search(phrase, found, kPast)) {
    hour = number_word(found[3]);
    minute = found[1] == "half" ? 30 : 15;
    if (found[2] == "to") {
      hour = (hour + 11) % 12;
      minute = 45;
    }
  } else if (std::regex_search(phrase, found, kClock)) {
    hour = std::stoi(found[1]);
    minute = found[2].matched ? std::stoi(found[2]) : 0;
  } else if (has(phrase, "noon") || has(phrase, "中午")) {
    hour = 12;
  } else if (has(phrase, "midnight") || has(phrase, "半夜")) {
    hour = 24;
  }
  return hour < 0 || hour > 24 || minute > 59 ? -1 : hour * 60 + minute;
}

bool afternoon(const std::string &phrase) {
  for (const auto *word :
       {"下午", "傍晚", "晚上", "今晚", "明晚", "夜里", "pm", "p.m", "afternoon", "evening", "tonight", "night"}) {
    if (has(phrase, word)) {
      return true;
    }
  }
  return false;
}

bool morning(const std::string &phrase) {
  for (const auto *word : {"凌晨", "早上", "早晨", "上午", "今早", "明早", "am", "a.m", "morning"}) {
    if (has(phrase, word)) {
      return true;
    }
  }
  return false;
}

int days_ahead(const std::string &phrase) {
  return has(phrase, "后天")                                                                            ? 2
         : has(phrase, "明天") || has(phrase, "明早") || has(phrase, "明晚") || has(phrase, "tomorrow") ? 1
                                                                                                        : 0;
}

bool names_day(const std::string &phrase) {
  return days_ahead(phrase) > 0 || has(phrase, "今") || has(phrase, "today") || has(phrase, "tonight");
}

} // namespace

std::optional<Span> find_time_phrase(const std::string &utterance) {
  constexpr std::size_t kMost = 2000; // std::regex recurses; longer sentences are no commands
  if (utterance.size() > kMost) {
    return std::nullopt;
  }
  std::smatch found;
  if (!std::regex_search(utterance, found, phrase_pattern())) {
    return std::nullopt;
  }
  const auto begin = static_cast<std::size_t>(found.position());
  return Span{begin, begin + static_cast<std::size_t>(found.length())};
}

std::optional<std::time_t> resolve_time(const std::string &phrase, std::time_t now) {
  const auto folded = fold(phrase);
  const bool relative = has(folded, "后") || folded.starts_with("in ");
  if (relative && !has(folded, "后天")) {
    const auto seconds = find_duration_s(folded);
    return seconds ? std::optional(now + *seconds) : std::nullopt;
  }
  int minutes = minutes_in(folded);
  if (minutes < 0) {
    return std::nullopt;
  }
  constexpr int kNoon = 12 * 60;
  const bool twelve = minutes >= kNoon && minutes < kNoon + 60;
  if (afternoon(folded) && minutes < kNoon) {
    minutes += kNoon;
  } else if (morning(folded) && twelve) {
    minutes -= kNoon;
  }
  std::tm local{};
  localtime_r(&now, &local);
  local.tm_hour = 0;
  local.tm_min = minutes;
  local.tm_sec = 0;
  local.tm_mday += days_ahead(folded);
  local.tm_isdst = -1;
  auto moment = std::mktime(&local);
  if (moment <= now && !names_day(folded)) {
    // "at 7" in the evening means 19:00 while that is still to come, else the next morning.
    const bool half_day = !afternoon(folded) && !morning(folded) && minutes < kNoon && moment + kNoon * 60 > now;
    moment += (half_day ? kNoon : kMinutesADay) * 60;
  }
  return moment;
}

} // namespace yanxing::text
