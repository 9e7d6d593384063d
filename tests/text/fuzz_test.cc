// What a recogniser may make of noise, and tables of readings that were damaged.
#include "text/known_words.h"
#include "text/normalize.h"
#include "text/prompt.h"
#include "text/repair.h"
#include "text/requests.h"
#include "text/slots.h"
#include "text/small_pinyin.h"
#include "text/string_table.h"
#include "text/utf8.h"
#include "text/when.h"

#include "support/fuzz.h"

#include <algorithm>
#include <cmath>

namespace yanxing::text {
namespace {

constexpr const char *kHeard[] = {
    "把这个预算表发给理经理，然后下午三点半提醒我开会，并且把客厅的灯调到百分之二十九点五",
    "十分钟后播放音乐，再设一个1个半小时的闹钟，打电话给13800138000",
    "send this table to manager lee and then turn the living room lamp to twenty six degrees at half past three",
    "remind me in an hour and a half, set 3.5% and 1,234,567 degrees at 7:30 pm tomorrow; mail a@b.cn",
    "２０２６年１２月ＡＢＣ 打開 Excel 的 那個 表格"};

constexpr fuzz::Limits kSlow{.rounds_for_one = 5}; // regular expressions, compiled without optimisation

ActionSpec every_kind_of_parameter() {
  ActionSpec spec;
  spec.name = "share";
  spec.description = {"把东西发给别人", "Send something to somebody"};
  for (const auto *schema :
       {R"({"type":"string","x-kind":"element"})", R"({"type":"string","x-kind":"contact"})",
        R"({"type":"integer","x-kind":"duration"})", R"({"type":"string","x-kind":"time"})", R"({"type":"integer"})",
        R"({"type":"number","minimum":1,"maximum":1000})", R"({"type":"boolean"})", R"({"type":"array"})",
        R"({"type":"string","enum":["living room","客厅","bedroom lamp",29]})", R"({"type":"string"})"}) {
    const auto name = "p" + std::to_string(spec.parameters.size());
    spec.parameters.push_back(parameter_from_schema(name, Json::parse(schema), spec.parameters.size() % 2 == 0));
  }
  return spec;
}

Screen small_screen() {
  Screen screen;
  screen.elements = {{"current_table", "table", "预算表", "", {}, {}, "", 0, 0},
                     {"button_1", "button", "living room", "", {}, {}, "", 0, 0}};
  return screen;
}

bool is_valid(const std::string &text) { return text == to_utf8(to_code_points(text)); }

TEST(DamagedWords, AreNormalizedAndSpoken) {
  for (const std::string heard : kHeard) {
    fuzz::survives(
        heard, fuzz::Form::kText,
        [](const std::string &words) {
          for (const auto language : {Language::kChinese, Language::kEnglish}) {
            EXPECT_TRUE(is_valid(normalize_transcript(words, language)));
            (void)normalize_numbers(words, language);
            (void)spoken_form(words, language);
          }
          EXPECT_TRUE(is_valid(to_utf8(to_code_points(words))));
          const auto seconds = find_duration_s(words);
          constexpr long kCentury = 100L * 366 * 86400;
          EXPECT_TRUE(!seconds || (*seconds >= 0 && *seconds <= kCentury));
        },
        kSlow);
  }
}

TEST(DamagedWords, AreSplitIntoRequests) {
  const std::vector<ActionSpec> actions{every_kind_of_parameter()};
  for (const std::string heard : kHeard) {
    fuzz::survives(heard, fuzz::Form::kText, [&](const std::string &words) {
      const auto requests = split_requests(words, actions);
      EXPECT_FALSE(requests.empty());
      std::size_t bytes = 0;
      for (const auto &request : requests) {
        bytes += request.size();
      }
      EXPECT_LE(bytes, words.size());
      (void)may_ask_for_more(fold(words), Json{{"a", "living room"}, {"b", words}});
    });
  }
}

TEST(DamagedWords, FillSlots) {
  const auto spec = every_kind_of_parameter();
  const auto screen = small_screen();
  const std::vector<Contact> contacts{{"李建国", "", "", {"李经理"}}, {"Manager Lee", "", "", {}}};
  constexpr std::time_t kNow = 1800000000;
  for (const std::string heard : kHeard) {
    fuzz::survives(
        heard, fuzz::Form::kText,
        [&](const std::string &words) {
          const auto slots = slots_for(spec, words, &screen, &contacts);
          ASSERT_EQ(slots.size(), spec.parameters.size());
          for (const auto &slot : slots) {
            EXPECT_TRUE(std::isfinite(slot.presence));
            for (const auto &choice : slot.choices) {
              EXPECT_TRUE(std::isfinite(choice.bias));
              EXPECT_TRUE(!choice.value.is_number() || std::isfinite(choice.value.get<double>())) << choice.value;
              EXPECT_TRUE(slot.form != Slot::Form::kNumber || !choice.value.is_number() ||
                          std::abs(choice.value.get<double>()) <= 9007199254740992)
                  << choice.value;
            }
          }
          if (const auto span = find_time_phrase(words)) {
            ASSERT_LE(span->end, words.size());
            (void)resolve_time(words.substr(span->begin, span->size()), kNow);
          }
          (void)resolve_time(words, kNow);
        },
        kSlow);
  }
}

TEST(DamagedWords, MakePrompts) {
  const auto screen = small_screen();
  for (const std::string heard : kHeard) {
    fuzz::survives(heard, fuzz::Form::kText,
                   [&](const std::string &words) { (void)utterance_part(words, {&screen.elements[0]}); });
  }
}

class DamagedReadings : public SmallPinyin {};

TEST_F(DamagedReadings, RepairEnds) {
  const Repairer repairer(pinyin_);
  const auto screen = small_screen();
  const std::vector<Contact> contacts{{"李建国", "", "", {"李经理"}}, {"Manager Lee", "", "", {}}};
  const auto known = known_words({every_kind_of_parameter()}, &screen, &contacts);
  for (const std::string heard : kHeard) {
    fuzz::survives(heard, fuzz::Form::kText, [&](const std::string &words) {
      const auto repaired = repairer.repair(words, known);
      for (const auto &repair : repaired.repairs) {
        EXPECT_EQ(repaired.text.substr(repair.at, repair.to.size()), repair.to);
      }
    });
  }
}

TEST_F(DamagedReadings, TablesAreReadOrRefused) {
  const auto phrases = fuzz::bytes_of(folder_ / "phrases_dict.json");
  const auto characters = fuzz::bytes_of(folder_ / "pinyin_dict.json").substr(0, 400) + "\"}";
  const fuzz::Scratch scratch;
  for (const auto &[name, whole] :
       {std::pair("phrases_dict.json", phrases), std::pair("pinyin_dict.json", characters)}) {
    scratch.write("phrases_dict.json", phrases);
    scratch.write("pinyin_dict.json", characters);
    fuzz::survives(whole, fuzz::Form::kText, [&, file = std::string(name)](const std::string &text) {
      scratch.write(file, text);
      const auto pinyin = Pinyin::open(scratch.path());
      if (fuzz::told(pinyin)) {
        EXPECT_EQ((*pinyin)->read("银行在哪里").size(), 5U);
      }
    });
  }
}

} // namespace
} // namespace yanxing::text
