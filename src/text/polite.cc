#include "text/polite.h"

#include "base/shapes.h"
#include "text/evidence.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace yanxing::text {
namespace {

using namespace std::string_view_literals;

struct Kind {
  std::array<std::string_view, 12> zh; // beginnings of what is said; "" where there are fewer
  std::array<std::string_view, 12> en;
  std::string_view reply_zh;
  std::string_view reply_en;
};

constexpr std::array kKinds{
    Kind{{"别"sv, "不要"sv, "不用"sv, "不必"sv, "先别"sv, "先不要"sv, "千万别"sv, "算了"sv, "没事"sv, "当我没说"sv,
          "请不要"sv, "请别"sv},
         {"don't"sv, "do not"sv, "never mind"sv, "nevermind"sv, "forget it"sv, "cancel that"sv, "no need"sv,
          "please don't"sv, "you don't need"sv, "leave it"sv, "please do not"sv, "not now"sv},
         "好的，不做。",
         "Okay, I won't."},
    Kind{{"谢谢"sv, "多谢"sv, "辛苦了"sv, "感谢"sv},
         {"thanks"sv, "thank you"sv, "cheers"sv, "well done"sv, "good job"sv},
         "不客气。",
         "You're welcome."},
    Kind{{"你好"sv, "您好"sv, "早上好"sv, "下午好"sv, "晚上好"sv, "嗨"sv, "在吗"sv},
         {"hello"sv, "hi"sv, "hey there"sv, "good morning"sv, "good afternoon"sv, "good evening"sv, "are you there"sv},
         "我在，请说。",
         "I'm here. What shall I do?"},
};

// At the end of a word, in English.
bool begins_with(std::string_view said, std::string_view start, bool english) {
  return !start.empty() && said.starts_with(start) &&
         (!english || said.size() == start.size() || std::string_view(" ,.!?").find(said[start.size()]) != said.npos);
}

} // namespace

std::string reply_to_nothing(const std::string &utterance) {
  const bool chinese = language_of(utterance) == Language::kChinese;
  const auto said = fold(utterance);
  for (const auto &kind : kKinds) {
    const auto &starts = chinese ? kind.zh : kind.en;
    if (std::any_of(starts.begin(), starts.end(), [&](auto start) { return begins_with(said, start, !chinese); })) {
      return std::string(chinese ? kind.reply_zh : kind.reply_en);
    }
  }
  return chinese ? "这个我现在做不了。" : "I can't do that here.";
}

} // namespace yanxing::text
