// Values of arguments, and how they are said.
#include "sim/speaker.h"

#include "text/normalize.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace yanxing::sim {
namespace {

std::string number_text(double value, double step) {
  if (step >= 1 && std::floor(value) == value) {
    return std::to_string(static_cast<long>(value));
  }
  auto text = Json(std::round(value * 1000) / 1000).dump();
  return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

std::string two(long value) { return (value < 10 ? "0" : "") + std::to_string(value); }

} // namespace

std::optional<Value> Speaker::draw(const ArgUse &arg) {
  auto value = draw_once(arg, *arg.def);
  // "to 20, no, 25": what is said last counts.
  const auto form = arg.def->form;
  const bool may_correct =
      form == Form::kInteger || form == Form::kEnum || form == Form::kOpen || form == Form::kContact;
  if (value && may_correct && random_.chance(0.008)) {
    auto better = draw_once(arg, *arg.def);
    const auto correction = phrase("correction");
    if (better && correction && better->gold != value->gold) {
      auto said = std::move(value->said);
      said.insert(said.end(), correction->begin(), correction->end());
      said.insert(said.end(), better->said.begin(), better->said.end());
      better->said = std::move(said);
      return better;
    }
  }
  return value;
}

std::optional<Value> Speaker::draw_once(const ArgUse &arg, const ArgDef &def) {
  switch (def.form) {
  case Form::kEnum:
  case Form::kOpen:
  case Form::kText:
    return draw_entry(arg, def);
  case Form::kInteger:
  case Form::kNumber:
  case Form::kDigits:
    return draw_number(arg, def);
  case Form::kTime: {
    const auto said = time_phrase();
    return Value{&arg, said, true, {{said, Segment::Source::kCopied}}};
  }
  case Form::kDuration: {
    const auto said = duration_phrase();
    const auto seconds = text::find_duration_s(said);
    return seconds ? std::optional(Value{&arg, *seconds, false, {{said, Segment::Source::kCopied}}}) : std::nullopt;
  }
  case Form::kContact:
    return draw_person(arg);
  case Form::kElement:
    return draw_element(arg);
  case Form::kList:
    return draw_list(arg);
  case Form::kBoolean:
    return std::nullopt; // given by the wording only
  }
  return std::nullopt;
}

std::optional<Value> Speaker::draw_entry(const ArgUse &arg, const ArgDef &def) {
  constexpr int kTries = 6;
  for (int i = 0; i < kTries; ++i) {
    const auto at = random_.below(arg.entries.size());
    const auto &entry = (*def.entries)[arg.entries[at]];
    const bool foreign = world_.language == Language::kChinese && !arg.values.empty() && random_.chance(0.03);
    const auto &names = foreign ? entry.en : entry.in(world_.language);
    if (names.empty() || entry.unsaid) {
      continue;
    }
    const auto &said = names.size() > 1 && random_.chance(0.45) ? random_.pick(names) : names.front();
    const bool closed = !arg.values.empty();
    return Value{&arg,
                 closed ? arg.values[at] : Json(said),
                 !closed,
                 {{said, closed || def.form == Form::kOpen ? Segment::Source::kKnown : Segment::Source::kCopied}}};
  }
  return std::nullopt;
}

std::optional<Value> Speaker::draw_number(const ArgUse &arg, const ArgDef &def) {
  if (def.form == Form::kDigits) {
    std::string digits(1, static_cast<char>('1' + random_.below(9)));
    const auto length =
        static_cast<std::size_t>(random_.between(static_cast<long>(def.low), static_cast<long>(def.high)));
    while (digits.size() < length) {
      digits += static_cast<char>('0' + random_.below(10));
    }
    return Value{&arg, digits, true, {{digits, Segment::Source::kCopied}}};
  }
  auto steps = static_cast<long>(std::floor((def.high - def.low) / def.step));
  double value = def.low + def.step * static_cast<double>(random_.between(0, steps));
  if (steps > 20 && random_.chance(0.4)) { // people like round numbers
    const double round = def.high - def.low > 200 ? 50 : def.high - def.low > 40 ? 10 : 5;
    const double near = std::round(value / (round * def.step)) * round * def.step;
    value = near >= def.low && near <= def.high ? near : value;
  }
  const auto said = number_text(value, def.step);
  const bool whole = std::floor(value) == value;
  return Value{
      &arg, whole ? Json(static_cast<long>(value)) : Json(std::stod(said)), false, {{said, Segment::Source::kCopied}}};
}

std::optional<Value> Speaker::draw_person(const ArgUse &arg) {
  const bool chinese = world_.language == Language::kChinese;
  if (world_.contacts && !world_.contacts->empty() && !random_.chance(0.04)) {
    const auto &person = random_.pick(*world_.contacts);
    const auto &name = !person.aliases.empty() && random_.chance(0.6) ? random_.pick(person.aliases) : person.name;
    return Value{&arg, name, true, {{name, Segment::Source::kKnown}}};
  }
  const auto stranger = draw_contacts(knowledge_, world_.language, 1, random_).front();
  const auto name = !chinese && random_.chance(0.6) ? stranger.name.substr(0, stranger.name.find(' ')) : stranger.name;
  return Value{&arg, name, true, {{name, Segment::Source::kCopied}}};
}

std::optional<Value> Speaker::draw_list(const ArgUse &arg) {
  const auto count = random_.chance(0.2) ? 1 : random_.between(2, 4);
  std::vector<Value> values;
  for (int tries = 0; static_cast<long>(values.size()) < count && tries < 16; ++tries) {
    auto value = draw_once(arg, *arg.def->inner);
    const bool fresh = value && std::none_of(values.begin(), values.end(),
                                             [&](const Value &other) { return other.gold == value->gold; });
    if (fresh) {
      values.push_back(std::move(*value));
    }
  }
  if (values.empty()) {
    return std::nullopt;
  }
  Value list{&arg, Json::array(), values[0].copied, joined(values)};
  for (auto &value : values) {
    list.gold.push_back(std::move(value.gold));
  }
  return list;
}

std::string Speaker::element_phrase(const Element &element) {
  const bool chinese = world_.language == Language::kChinese;
  const auto &nouns = knowledge_.words_of((chinese ? "zh_kind_" : "en_kind_") + element.kind);
  const auto noun = nouns.empty() ? std::string() : random_.pick(nouns);
  const auto alike = std::count_if(world_.screen->elements.begin(), world_.screen->elements.end(),
                                   [&](const Element &other) { return other.kind == element.kind; });
  const bool current = element.id.starts_with("current_");
  if (current && !noun.empty() && (element.name.empty() || random_.chance(0.7))) {
    static const std::vector<std::string> kChinese{"这个", "当前", "这个", "当前的", "现在这个", "这"};
    static const std::vector<std::string> kEnglish{"this ", "the current ", "this ", "that ", "the "};
    const auto lead = random_.pick(chinese ? kChinese : kEnglish);
    // 这张表 counts by its own word
    const auto counted = knowledge_.words_of("zh_count_" + element.kind);
    if (chinese && (lead == "这" || lead == "这个") && !counted.empty() && random_.chance(0.6)) {
      return "这" + random_.pick(counted) + noun;
    }
    return (chinese && lead == "这" ? "这个" : lead) + noun;
  }
  if (!noun.empty() && alike == 1 && random_.chance(0.15)) {
    return (chinese ? "那个" : "the ") + noun;
  }
  if (element.name.empty()) {
    return "";
  }
  const double way = random_.unit();
  if (chinese) {
    return way < 0.4 || noun.empty() ? element.name
           : way < 0.85              ? element.name + noun
                                     : "“" + element.name + "”" + noun;
  }
  return way < 0.35 || noun.empty() ? (random_.chance(0.5) ? "the " : "") + element.name
                                    : "the " + element.name + " " + noun;
}

std::optional<Value> Speaker::draw_element(const ArgUse &arg) {
  std::vector<const Element *> fitting;
  const auto &kinds = arg.def->kinds;
  for (const auto &element : world_.screen->elements) {
    if (kinds.empty() || std::find(kinds.begin(), kinds.end(), element.kind) != kinds.end()) {
      fitting.push_back(&element);
      if (element.id.starts_with("current_") && !kinds.empty()) {
        fitting.insert(fitting.end(), 3, &element); // what one looks at is what one speaks of
      }
    }
  }
  if (fitting.empty()) {
    return std::nullopt;
  }
  const auto &element = *random_.pick(fitting);
  const auto said = element_phrase(element);
  return said.empty() ? std::nullopt : std::optional(Value{&arg, element.id, false, {{said, Segment::Source::kKnown}}});
}

std::string Speaker::time_phrase() {
  const auto hour = random_.between(1, 12);
  const auto h = std::to_string(hour);
  if (world_.language == Language::kChinese) {
    static const std::vector<std::string> kDays{"", "", "", "明天", "今天", "后天", "明天", "下周一", "周五", "星期三"};
    static const std::vector<std::string> kParts{"早上", "上午", "下午", "晚上", "中午", ""};
    const auto day = random_.pick(kDays);
    switch (random_.below(9)) {
    case 0:
      return std::to_string(random_.between(2, 12) * 5) + "分钟" + (random_.chance(0.5) ? "后" : "以后");
    case 1:
      return random_.chance(0.5) ? "半小时后" : std::to_string(random_.between(1, 5)) + "小时后";
    case 2:
      return random_.chance(0.5) ? "今晚" + std::to_string(random_.between(6, 11)) + "点"
                                 : "明早" + std::to_string(random_.between(6, 10)) + "点";
    case 3:
      return day + random_.pick(kParts) + h + "点半";
    case 4:
      return day + random_.pick(kParts) + h + "点" + std::to_string(random_.between(2, 11) * 5) + "分";
    case 5:
      return day + random_.pick(kParts) + h + "点" +
             (random_.chance(0.5) ? "一刻" : std::to_string(random_.between(2, 11) * 5));
    default:
      return day + random_.pick(kParts) + h + "点";
    }
  }
  static const std::vector<std::string> kHalves{"am", "pm", "a.m.", "p.m."};
  static const std::vector<std::string> kDays{"tomorrow", "tonight", "today", "tomorrow morning", "tomorrow evening"};
  const auto half = random_.pick(kHalves);
  switch (random_.below(11)) {
  case 0:
    return "in " + std::to_string(random_.between(1, 12) * 5) + " minutes";
  case 1:
    return random_.chance(0.5)   ? "in an hour"
           : random_.chance(0.5) ? "in half an hour"
                                 : "in " + std::to_string(random_.between(2, 6)) + " hours";
  case 2:
    return "tomorrow at " + h + " " + half;
  case 3:
    return "at " + h + ":" + two(random_.between(1, 11) * 5) + (random_.chance(0.5) ? " " + half : "");
  case 4:
    return "at " + std::string(random_.chance(0.5) ? "half past " : "quarter past ") + h;
  case 5:
    return random_.pick(kDays);
  case 6:
    return "at noon";
  case 7:
    return "at " + h + " o'clock";
  case 8:
    return "at " + h + " " + half + " tomorrow";
  default:
    return "at " + h + " " + half;
  }
}

std::string Speaker::duration_phrase() {
  const auto few = std::to_string(random_.between(2, 9));
  if (world_.language == Language::kChinese) {
    switch (random_.below(9)) {
    case 0:
      return "半小时";
    case 1:
      return "一个半小时";
    case 2:
      return few + "个小时";
    case 3:
      return std::to_string(random_.between(1, 9) * 10) + "秒";
    case 4:
      return "1小时" + std::to_string(random_.between(1, 5) * 10) + "分钟";
    case 5:
      return random_.chance(0.5) ? "一个小时" : "1个小时";
    default:
      return std::to_string(random_.chance(0.6) ? random_.between(1, 12) * 5 : random_.between(1, 59)) + "分钟";
    }
  }
  switch (random_.below(10)) {
  case 0:
    return random_.chance(0.5) ? "an hour" : "1 hour";
  case 1:
    return "half an hour";
  case 2:
    return "an hour and a half";
  case 3:
    return few + " hours";
  case 4:
    return std::to_string(random_.between(1, 9) * 10) + " seconds";
  case 5:
    return "1 hour and " + std::to_string(random_.between(1, 5) * 10) + " minutes";
  case 6:
    return "a minute";
  default:
    return std::to_string(random_.chance(0.6) ? random_.between(1, 12) * 5 : random_.between(2, 59)) + " minutes";
  }
}

} // namespace yanxing::sim
